// SPDX-License-Identifier: Apache-2.0

enum PeerKeys {
    static let peer = Key(
        "peer", .text, .described("peers"),
        "Where requests go: sip:HOST[:PORT][;transport=...]; HOST is an address or a DNS name.",
        example: "\"sip:198.51.100.2:5060;transport=udp\"")
    static let peers = Key(
        "peers", .texts, .described("peer"),
        "Several in place of peer, tried in this order; or items { uri, priority, weight }.",
        example: "[\"sip:198.51.100.2\", \"sip:198.51.100.3\"]", isRare: true)
    static let optionsInterval = Key(
        "options-interval-seconds", .integer(0...3600),
        .described("60 where a peer has a name, else 0"), unit: "seconds",
        "An OPTIONS goes to each peer so often, to see whether it answers; 0 for none.",
        example: "60", isRare: true)

    // Of an item of `peers`.
    static let uri = Key(
        "uri", .text, .required, "As peer.", example: "\"sip:198.51.100.2\"")
    static let priority = Key(
        "priority", .integer(0...65_535), .described("its place in the list"),
        "Lower ones are tried first.", example: "0")
    static let weight = Key(
        "weight", .integer(0...65_535), .standard("1"), "Share of the calls.", example: "1")
    static let peersMax = 16
}

enum DNSKeys {
    static let section = SectionSchema(
        name: "dns", isList: false, meaning: "Who is asked for the names of peers.",
        keys: [servers, timeout, attempts])

    static let servers = Key(
        "servers", .texts, .described("those of /etc/resolv.conf, and /etc/hosts"),
        "ADDRESS or ADDRESS:PORT, at most 8, in the order in which they are asked.",
        example: "[\"192.0.2.53\"]", isRare: true)
    static let timeout = Key(
        "timeout-ms", .integer(100...30_000), .standard("2000"), unit: "ms",
        "How long a server has for its answer; longer with each attempt.", example: "2000")
    static let attempts = Key(
        "attempts", .integer(1...10), .standard("2"),
        "How often each server is asked.", example: "2")
    static let serversMax = 8
}
