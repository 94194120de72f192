// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for what its kind of peer needs, and for what is implied where it is short.
enum ProfileKeys {
    static let profile = Key(
        "profile", .text, .described("none"),
        "Files of keys for its kind of peer, a name or a list: later ones lie over earlier ones.",
        example: "teams-direct-routing", isRare: true)
    static let transport = Key(
        "transport", .text, .described("that of its first peer, else udp"),
        "How it is spoken to, where listener is not written: udp (and tcp), tcp (and udp), tls.",
        example: "udp", isRare: true)
    static let port = Key(
        "port", .integer(1...65_535), .described("5060, for tls 5061"), unit: "port",
        "Where this node listens for it, where listener is not written.", example: "5060",
        isRare: true)
    static let ownHostRequired = Key(
        "own-host-required", .flag, .standard("false"),
        "host has to be a name: its peer refuses addresses in Contact.", example: "false",
        isRare: true)
    static let ownHostUnique = Key(
        "own-host-unique", .flag, .standard("false"),
        "No other trunk may have its host: its service tells by it whose calls they are.",
        example: "false", isRare: true)
    static let knowsPrack = Key(
        "peer-knows-prack", .flag, .standard("true"),
        "Its peer knows PRACK; of one that does not reliable-provisional cannot be required.",
        example: "true", isRare: true)
    static let all = [profile, transport, port, ownHostRequired, ownHostUnique, knowsPrack]

    /// Keys of which a trunk has one: its own, and then none of a profile's.
    static let choices = [
        [PeerKeys.peer, PeerKeys.peers],
        [TrunkAuthenticationKeys.password, TrunkAuthenticationKeys.passwordFile],
    ]
    /// Keys that name parts of one configuration, which no profile can know.
    static let ofOneNode = [
        TrunkKeys.name, TrunkKeys.listener, TrunkKeys.realm, TrunkLimitKeys.tenant, profile,
        TenancyKeys.emergencyTo,
    ]
}

/// Keys of a trunk for the messages that come from it.
enum MessageLimitKeys {
    private static func key(_ name: String, _ range: ClosedRange<Int>, _ what: String) -> Key {
        Key(
            "limits-\(name)-bytes", .integer(range), .described("as limits of the node"),
            unit: "bytes", what, example: "\(range.upperBound)", isRare: true)
    }

    static let message = key(
        "message", 1024...65_536, "Longest message from it; a longer request gets 513.")
    static let uri = key(
        "uri", 64...2048,
        "Longest Request-URI (else 414), URI of Contact and user part of a URI (else 400).")
    static let fromDomain = key("from-domain", 16...2048, "Longest host of From; else 400.")
    static let headerName = key(
        "header-name", 16...8192, "Longest name of a header field; else 400.")
    static let optionTag = key(
        "option-tag", 8...8192, "Longest option-tag of Supported and the like; else 400.")
    static let bodyName = key(
        "body-name", 16...8192, "Longest type of a body, type/subtype; else 400.")
    static let optionList = key(
        "option-list", 32...8192, "Longest Supported, Require and Proxy-Require; else 400.")
    static let all = [message, uri, fromDomain, headerName, optionTag, bodyName, optionList]
}
