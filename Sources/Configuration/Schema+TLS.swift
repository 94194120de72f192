// SPDX-License-Identifier: Apache-2.0

enum ListenerTLSKeys {
    static let host = Key(
        "host", .text, .described("its address"),
        "This node's own name there: stands in Via, Contact and From.",
        example: "sbc.example.com", isRare: true)
    static let certificate = Key(
        "certificate", .text, .described("none, but tls needs one"),
        "File with the certificate that is shown, then its chain, PEM (tls).",
        example: "/etc/trunkline/sbc.pem", isRare: true)
    static let key = Key(
        "key", .text, .described("the file of the certificate"),
        "File with the key of the certificate, PEM without a passphrase (tls).",
        example: "/etc/trunkline/sbc.key", isRare: true)
    static let moreCertificates = Key(
        "more-certificates", .texts, .described("none"),
        "Files with certificate, chain and key, for clients that ask for their names (tls).",
        example: "[/etc/trunkline/acme.pem]", isRare: true)
    static let keepAlive = Key(
        "keepalive-seconds", .integer(0...3600), .standard("0"), unit: "seconds",
        "Ping on connections that this node opens, for peers that answer; 0 for none (tcp, tls).",
        example: "0", isRare: true)

    static let largeRequests = Key(
        "large-requests-over-tcp", .flag, .standard("false"),
        "Requests above 1300 bytes leave over TCP, from the tcp listener at this address (udp).",
        example: "false", isRare: true)

    static let all = [host, certificate, key, moreCertificates, keepAlive, largeRequests]
}

enum TrunkTLSKeys {
    static let host = Key(
        "host", .text, .described("the listener's"),
        "This node's own name as this peer knows it: stands in Via, Contact and From.",
        example: "sbc.example.com", isRare: true)
    static let certificate = Key(
        "certificate", .text, .described("the listener's; else HOST.pem, see the manual"),
        "File with the certificate that is shown to the peer, then its chain (tls).",
        example: "/etc/trunkline/client.pem", isRare: true)
    static let key = Key(
        "key", .text, .described("the file of the certificate"),
        "File with the key of the certificate, PEM without a passphrase (tls).",
        example: "/etc/trunkline/client.key", isRare: true)
    static let trust = Key(
        "trust", .text, .described("none, but tls needs it"),
        "File with the authorities that the peer's certificate may come from, PEM (tls).",
        example: "/etc/trunkline/carrier-ca.pem", isRare: true)
    static let verifyNames = Key(
        "verify-names", .texts, .described("the peer's, where it is named"),
        "Names of which the peer's certificate must have one (tls).",
        example: "[sip.carrier.example]", isRare: true)
    static let nameRule = Key(
        "name-rule", .text, .standard("rfc5922"),
        "How they are compared: rfc5922 (whole names) or rfc2818 (with wildcards) (tls).",
        example: "rfc5922", isRare: true)
    static let clientCertificate = Key(
        "client-certificate", .text, .standard("require"),
        "Of a peer that connects to us: require, request (one that is shown is verified) or off.",
        example: "require", isRare: true)
    static let acceptServerCertificate = Key(
        "accept-server-certificate", .flag, .standard("false"),
        "A peer that connects to us may show a certificate that is for servers only (tls).",
        example: "false", isRare: true)

    static let all = [
        host, certificate, key, trust, verifyNames, nameRule, clientCertificate,
        acceptServerCertificate,
    ]
    /// Those that mean nothing without TLS.
    static let secure = all.dropFirst()
}
