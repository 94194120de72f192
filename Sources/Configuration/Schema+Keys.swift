// SPDX-License-Identifier: Apache-2.0

enum NodeKeys {
    static let name = Key(
        "name", .text, .described("the host name"),
        "Name in status, metrics and logs.", example: "edge1")
    static let runtimeDirectory = Key(
        "runtime-directory", .text, .standard("/run/trunkline"),
        "Absolute path of the directory for sockets and shared files, on tmpfs.",
        example: "/run/trunkline")
    static let stateDirectory = Key(
        "state-directory", .text, .standard("/var/lib/trunkline"),
        "Absolute path of the directory for what outlives a boot: records, trunkline size --save.",
        example: "/var/lib/trunkline")
    static let profileDirectory = Key(
        "profile-directory", .text, .standard("/etc/trunkline/profiles"),
        "Absolute path of the profiles that come before those of the installation.",
        example: "/etc/trunkline/profiles")
}

enum FastPathKeys {
    static let cores = Key(
        "cores", .integers(0...1023), .standard("[1]"), unit: "core numbers",
        "One pinned worker runs on each, 1 to 64 of them.", example: "[1]")
    static let housekeepingCore = Key(
        "housekeeping-core", .integer(0...1023), .described("the kernel chooses"),
        unit: "core number", "Core of the housekeeping thread; none of the workers' cores.",
        example: "0")
    static let hugePages = Key(
        "huge-pages", .flag, .standard("true"), "Memory comes from huge pages.", example: "true")
    static let memory = Key(
        "memory-mb", .integer(64...1_048_576), .standard("256"), unit: "MB",
        "Memory of the process.", example: "256")
    static let flows = Key(
        "flows-per-worker", .integer(2...4_194_304), .standard("16384"), unit: "flows",
        "Flows of one worker; a call has two.", example: "16384")
    static let secureFlows = Key(
        "secure-flows-per-worker", .integer(0...4_194_304), .described("all of them"),
        unit: "flows",
        "Flows of one worker that can have SRTP keys at a time; each takes 4 KB when it has.",
        example: "16384")
}

enum RealmKeys {
    static let name = Key(
        "name", .text, .described("its interface"),
        "Unique: letters, digits, '-', '_' and '.', 1 to 31 bytes.", example: "carrier")
    static let attach = Key(
        "attach", .text, .standard("xdp"),
        "How media gets in: xdp, packet, pci, memif or pcap.", example: "xdp")
    static let interface = Key(
        "interface", .text, .required,
        "Interface (xdp, packet), PCI address (pci), socket path (memif) or file (pcap).",
        example: "eth1")
    static let addresses = Key(
        "addresses", .texts, .required, "Media addresses, IPv4 or IPv6, at least one.",
        example: "[198.51.100.1, \"2001:db8::1\"]")
    static let ports = Key(
        "ports", .text, .standard("20000-29999"), unit: "UDP ports",
        "First (even) and last (odd) port for media, from 1024 to 65535.",
        example: "20000-29999")
    static let onePort = Key(
        "one-port", .flag, .standard("false"),
        "Calls share the first port of each address and worker, as far as they can be told apart.",
        example: "false")
    static let dscp = Key(
        "dscp", .integer(0...63), .standard("46"), unit: "DSCP value",
        "Mark of the packets that are sent.", example: "46")
    static let vlan = Key(
        "vlan", .integer(0...4094), .standard("0"), unit: "VLAN number",
        "Tag of the packets; 0 for none.", example: "0")
    static let gatewayMAC = Key(
        "gateway-mac", .text, .described("what the kernel knows"),
        "MAC address of the next hop, where no kernel knows it (memif, pcap).",
        example: "02:00:00:00:00:01", isRare: true)
    static let twin = Key(
        "twin", .text, .described("none"),
        "TAP interface that stands for the interface in the kernel (pci).", example: "tap-media",
        isRare: true)
}

enum ListenerKeys {
    static let name = Key(
        "name", .text, .required, "Unique: letters, digits, '-', '_' and '.', 1 to 31 bytes.",
        example: "carrier")
    static let transport = Key(
        "transport", .text, .required, "udp, tcp or tls.", example: "udp")
    static let address = Key(
        "address", .text, .required, "Address and port to listen at, IPv6 in brackets.",
        example: "\"198.51.100.1:5060\"")
}

enum TrunkKeys {
    static let name = Key(
        "name", .text, .required, "Unique: letters, digits, '-', '_' and '.', 1 to 31 bytes.",
        example: "carrier")
    static let listener = Key(
        "listener", .text, .described("one of its own at the first address of its realm"),
        "Name of the listener that its requests leave from.", example: "carrier")
    static let realm = Key(
        "realm", .text, .described("the first one"), "Name of the realm that its media uses.",
        example: "carrier")
    static let sources = Key(
        "sources", .texts, .described("the addresses of its peers"),
        "Who may send requests as this trunk: addresses or blocks (ADDRESS/BITS).",
        example: "[\"198.51.100.2\", \"198.51.100.16/28\"]")
    static let codecs = Key(
        "codecs", .texts, .described("every audio codec"),
        "Encoding names that may be used, NAME[/CLOCK[/CHANNELS]].",
        example: "[PCMU, PCMA, telephone-event]")
    static let learnSource = Key(
        "learn-source", .flag, .standard("false"),
        "One other media source than the signalled one may be learned (peers behind NAT).",
        example: "false")
    static let maxCalls = Key(
        "max-calls", .integer(1...1_000_000), .standard("1000"), unit: "calls",
        "Calls at a time.", example: "1000")
    static let srtp = Key(
        "srtp", .text, .standard("off"),
        "Encrypted media: required, preferred (where the peer can) or off.", example: "off")
    static let suites = Key(
        "suites", .texts, .described("all six, AES_CM_128_HMAC_SHA1_80 first"),
        "SRTP suites by their IANA names, the preferred one first.",
        example: "[AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM]", isRare: true)
    static let keying = Key(
        "keying", .texts, .standard("[sdes]"),
        "Where SRTP keys come from: sdes (in SDP), dtls (a handshake), the preferred one first.",
        example: "[sdes]", isRare: true)
    static let ice = Key(
        "ice", .text, .standard("off"),
        "lite: answers the peer's connectivity checks, media follows them. Or off.",
        example: "off")
    static let earlyLatch = Key(
        "early-latch", .flag, .standard("false"),
        "With ICE: media of the first source with good SRTP is taken before a nomination.",
        example: "false")
    static let rtcpMux = Key(
        "rtcp-mux", .text, .standard("accept"),
        "RTCP on the port of RTP: required (none but it), offer (default with dtls), accept, off.",
        example: "accept")
}

enum RouteKeys {
    static let prefix = Key(
        "prefix", .text, .standard("\"\""), unit: "digits, a leading + counts",
        "What the called number begins with; \"\" for every number.", example: "\"+1\"")
    static let from = Key(
        "from", .text, .described("any trunk"), "Name of the trunk that the call comes from.",
        example: "carrier")
    static let to = Key(
        "to", .text, .required,
        "Name of the trunk that the call goes to; of several, [a, b], the next if one fails.",
        example: "service")
}

enum MediaKeys {
    static let timeout = Key(
        "timeout-seconds", .integer(0...3600), .standard("50"), unit: "seconds",
        "A call without media for so long is ended; 0 for never.", example: "50")
    static let rtcpInterval = Key(
        "rtcp-interval-ms", .integer(500...60_000), .standard("5000"), unit: "ms",
        "Mean time between RTCP reports.", example: "5000")
}

enum LimitKeys {
    static let calls = Key(
        "calls", .integer(1...1_000_000), .described("what trunkline size finds possible"),
        unit: "calls", "Calls at a time on this node.", example: "10000", isRare: true)
}
