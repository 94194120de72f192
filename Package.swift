// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// One package, both planes. Targets stand in dependency order: what is above knows nothing of
// what is below.

import PackageDescription

// DPDK has no usable module map (its types are over-aligned) and its .pc file names flags that
// SwiftPM refuses, so the flags stand here. Only CFastPath and the load generator see them.
let dpdkFlags: [String] = [
    "-isystem", "/usr/include/dpdk", "-isystem", "/usr/include/x86_64-linux-gnu/dpdk",
    "-include", "rte_config.h", "-D_GNU_SOURCE",
]
let dpdkLibraries: [String] = [
    "rte_eal", "rte_ethdev", "rte_mbuf", "rte_mempool", "rte_ring", "rte_bus_vdev",
]

let strictC: [CSetting] = [
    .unsafeFlags([
        "-std=gnu17", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wstrict-prototypes",
        "-Wvla", "-Wimplicit-fallthrough", "-Werror", "-march=x86-64-v3", "-fno-strict-aliasing",
    ])
]
// Where packets run, the compiler proves that nothing blocks.
let packetC: [CSetting] = strictC + [.unsafeFlags(["-Wfunction-effects"])]

let strictSwift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    // What a message costs lies in calls between modules: 6 % fewer instructions a call. Debug
    // builds, which the tests run in, still check that nothing is written while it is read.
    .unsafeFlags(
        ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
        .when(configuration: .release)),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strictSwift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strictSwift)
}

let package = Package(
    name: "trunkline",
    products: [
        .executable(name: "trunkline", targets: ["trunkline"]),
        .executable(name: "trunkline-fastpath", targets: ["CFastPath"]),
        .executable(name: "trunkline-bench", targets: ["CGenerator"]),
        .executable(name: "trunkline-sessions", targets: ["trunkline-sessions"]),
        .executable(name: "trunkline-tenancy", targets: ["trunkline-tenancy"]),
    ],
    targets: [
        // The contract.
        .target(name: "CFlowABI", path: "CShims/CFlowABI", cSettings: strictC),

        // The fast path.
        .target(
            name: "CSRTP", dependencies: ["CFlowABI"], path: "CShims/CSRTP",
            cSettings: packetC,
            linkerSettings: [.linkedLibrary("IPSec_MB"), .linkedLibrary("crypto")]),
        .target(
            name: "CDTMF", dependencies: ["CFlowABI"], path: "CShims/CDTMF", cSettings: packetC,
            linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "CTables", dependencies: ["CFlowABI", "CSRTP", "CDTMF"], path: "CShims/CTables",
            cSettings: packetC, linkerSettings: [.linkedLibrary("IPSec_MB")]),
        .target(
            name: "CStages", dependencies: ["CFlowABI", "CSRTP", "CDTMF", "CTables"],
            path: "CShims/CStages",
            cSettings: packetC),
        // The same detectors, for recordings and captures.
        .target(
            name: "CDigitReader", dependencies: ["CFlowABI", "CDTMF"],
            path: "CShims/CDigitReader", cSettings: strictC),
        // Messages, numbers, DPDK's arguments and SRTP's suites, for the two programs in C.
        .target(
            name: "CProgram", dependencies: ["CFlowABI"], path: "CShims/CProgram",
            cSettings: strictC + [.unsafeFlags(["-D_GNU_SOURCE"])]),
        .executableTarget(
            name: "CFastPath",
            dependencies: ["CFlowABI", "CProgram", "CSRTP", "CDTMF", "CTables", "CStages"],
            path: "CShims/CFastPath", exclude: ["bpf"],
            cSettings: packetC + [.unsafeFlags(dpdkFlags)],
            linkerSettings: dpdkLibraries.map { .linkedLibrary($0) } + [
                .linkedLibrary("mnl"), .linkedLibrary("bpf"), .linkedLibrary("numa"),
            ]),

        // The load generator. Of what it measures it knows nothing: frames, checks, clocks and
        // histograms are its own. Only SRTP is not: peers that open what it seals vouch for that.
        .executableTarget(
            name: "CGenerator", dependencies: ["CFlowABI", "CProgram", "CSRTP"],
            path: "Benchmarks/Generator",
            cSettings: strictC + [.unsafeFlags(dpdkFlags)],
            linkerSettings: dpdkLibraries.map { .linkedLibrary($0) } + [.linkedLibrary("bpf")]),

        // System libraries that Swift calls.
        .systemLibrary(name: "CUV", path: "CShims/CUV", pkgConfig: "libuv"),
        .systemLibrary(name: "CYAML", path: "CShims/CYAML", pkgConfig: "yaml-0.1"),
        .systemLibrary(name: "CCares", path: "CShims/CCares", pkgConfig: "libcares"),
        .systemLibrary(name: "CSQLite", path: "CShims/CSQLite", pkgConfig: "sqlite3"),
        .target(
            name: "COpenSSL", path: "CShims/COpenSSL", cSettings: strictC,
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),

        // Values that are held in many places.
        module("Sharing"),

        // Protocol values: bytes in, values out.
        module("NetworkAddress"),
        module("SIPMessage", ["NetworkAddress"]),
        module("SDP", ["NetworkAddress", "Sharing"]),
        module("Manipulation", ["SIPMessage"]),

        // Protocol machines: events in, actions out.
        module("SIPTransaction", ["NetworkAddress", "SIPMessage"]),
        module("SIPAuthentication", ["SIPMessage", "COpenSSL"]),
        module("SIPDialog", ["NetworkAddress", "SIPMessage"]),
        module("SIPLocation", ["NetworkAddress", "SIPTransaction"]),
        module("SIPProxy", ["NetworkAddress", "SIPMessage", "SIPTransaction"]),

        // Policy: neither sockets nor C.
        module("Routing"),
        module("Tenancy"),
        module("Admission", ["NetworkAddress"]),
        module("CallControl", [
            "Sharing", "NetworkAddress", "SIPMessage", "SDP", "Manipulation", "SIPTransaction",
            "SIPAuthentication", "SIPDialog", "Routing", "Tenancy", "Admission",
        ]),

        // What is kept of calls, as lines.
        module("CallRecords", ["Admission", "CallControl", "SDP"]),

        // Media: intent to flow commands to rings.
        module("FlowABI", ["NetworkAddress", "CFlowABI"]),
        module(
            "MediaPlanning", ["Sharing", "NetworkAddress", "SDP", "CallControl", "FlowABI"]),
        module("FlowProgramming", [
            "Sharing", "NetworkAddress", "CallControl", "FlowABI", "MediaPlanning",
        ]),

        // What happened to calls: kept in memory, redacted, shown and exported.
        module("Trace", ["NetworkAddress"]),

        // The ground.
        module("TLS", ["COpenSSL"]),
        module("SIPTransport", ["NetworkAddress", "SIPMessage", "SIPTransaction", "TLS", "CUV"]),
        module("DNSClient", ["NetworkAddress", "SIPLocation", "SIPTransport", "CCares"]),
        module("HTTPClient", ["NetworkAddress", "SIPTransport"]),
        module("Store", ["Tenancy", "CSQLite"]),
        module("DTLS", ["COpenSSL"]),
        module("Configuration", [
            "NetworkAddress", "SIPMessage", "SDP", "Manipulation", "SIPAuthentication",
            "SIPLocation", "SIPProxy", "TLS", "CallControl", "CYAML",
        ]),
        module("Management", ["CUV", "SIPTransport"]),
        // Digits in recordings and captures.
        module("DigitReading", ["CDigitReader"]),
        module("Provisioning", ["Tenancy", "Store", "Management"]),

        // What several tests stand on.
        .target(
            name: "CallWorld",
            dependencies: [
                "Sharing", "NetworkAddress", "SIPMessage", "SDP", "SIPTransaction",
                "SIPAuthentication", "SIPDialog", "Routing", "Tenancy", "Admission", "CallControl",
            ], path: "Tests/CallWorld", swiftSettings: strictSwift),
        // Calls at random against a judge that knows nothing of the product.
        .target(
            name: "CallModel",
            dependencies: [
                "Sharing", "NetworkAddress", "SIPMessage", "SDP", "SIPTransaction", "Routing",
                "Admission", "CallControl", "FlowABI", "MediaPlanning",
            ], path: "Tests/CallModel", swiftSettings: strictSwift),
        .executableTarget(
            name: "call-model", dependencies: ["CallModel"], path: "Tests/CallModelLong",
            swiftSettings: strictSwift),
        .target(
            name: "FakeFastPath", dependencies: ["CFlowABI", "CallControl", "NetworkAddress"],
            path: "Tests/FakeFastPath", swiftSettings: strictSwift),
        .target(
            name: "TestCertificates", path: "Tests/TestCertificates", swiftSettings: strictSwift),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strictSwift),
        .target(name: "FakeDNS", path: "Tests/FakeDNS", swiftSettings: strictSwift),
        // Counts what operations allocate; `Tests/run gates` compares.
        .target(name: "CMeter", path: "Tests/gates/meter", cSettings: strictC),
        .executableTarget(
            name: "allocations",
            dependencies: [
                "CMeter", "CallWorld", "FakeFastPath", "NetworkAddress", "SIPMessage", "SDP",
                "SIPTransaction", "SIPDialog", "Routing", "Admission", "CallControl", "FlowABI",
                "MediaPlanning", "FlowProgramming", "SIPTransport", "Trace", "CallRecords",
            ], path: "Tests/gates/allocations", swiftSettings: strictSwift),

        // The process.
        module("Node", [
            "Sharing", "NetworkAddress", "SIPMessage", "SDP", "SIPTransaction", "Routing",
            "Admission", "CallControl", "FlowABI", "Manipulation", "SIPAuthentication",
            "MediaPlanning", "FlowProgramming", "SIPTransport", "Store", "DTLS", "TLS",
            "Configuration", "Management", "SIPLocation", "SIPProxy", "DNSClient", "HTTPClient",
            "Trace", "Tenancy", "Provisioning", "CallRecords",
        ]),
        .executableTarget(
            name: "trunkline",
            dependencies: [
                "Node", "Admission", "Configuration", "Management", "Manipulation", "SIPMessage",
                "SDP", "FlowABI", "NetworkAddress", "Trace", "Tenancy", "Store", "Provisioning",
                "TLS", "DigitReading",
            ],
            swiftSettings: strictSwift),

        // A control plane without signalling: what benchmarks and the contract's tests need of one.
        .target(
            name: "SessionDriver",
            dependencies: [
                "NetworkAddress", "SDP", "CallControl", "FlowABI", "MediaPlanning",
                "FlowProgramming",
            ],
            path: "Benchmarks/SessionDriver", swiftSettings: strictSwift),
        // What our handshakes are compared with.
        .target(
            name: "CBareDTLS", path: "Benchmarks/BareDTLS", cSettings: strictC,
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CWakeControl", path: "Benchmarks/WakeControl", cSettings: strictC),
        .executableTarget(
            name: "trunkline-sessions",
            dependencies: [
                "NetworkAddress", "CallControl", "FlowABI", "FlowProgramming", "SessionDriver",
                "CWakeControl", "DTLS", "CBareDTLS", "SDP",
            ],
            path: "Benchmarks/Sessions", swiftSettings: strictSwift),
        // The tables of tenants and numbers, filled, looked into and changed.
        .executableTarget(
            name: "trunkline-tenancy", dependencies: ["Tenancy", "Store", "CMeter"],
            path: "Benchmarks/Tenancy", swiftSettings: strictSwift),

        tests("NetworkAddressTests", ["NetworkAddress"]),
        tests("SIPMessageTests", ["NetworkAddress", "SIPMessage"]),
        tests(
            "TortureTests", ["NetworkAddress", "SIPMessage", "SIPTransaction", "SIPProxy"]),
        tests("SDPTests", ["NetworkAddress", "SDP", "TestSupport"]),
        tests("ManipulationTests", ["SIPMessage", "Manipulation"]),
        tests(
            "SIPTransactionTests",
            ["NetworkAddress", "SIPMessage", "SIPTransaction", "TestSupport"]),
        tests("SIPAuthenticationTests", ["SIPMessage", "SIPAuthentication"]),
        tests("SIPDialogTests", ["SIPMessage", "SIPDialog"]),
        tests("SIPLocationTests", ["NetworkAddress", "SIPTransaction", "SIPLocation"]),
        tests("SIPProxyTests", ["NetworkAddress", "SIPMessage", "SIPTransaction", "SIPProxy"]),
        tests(
            "DNSClientTests",
            ["NetworkAddress", "SIPLocation", "SIPTransport", "DNSClient", "FakeDNS"]),
        tests("RoutingTests", ["Routing", "TestSupport"]),
        tests("TenancyTests", ["Tenancy", "TestSupport"]),
        tests("AdmissionTests", ["Admission", "NetworkAddress"]),
        tests(
            "CallControlTests",
            [
                "NetworkAddress", "SIPMessage", "SDP", "Manipulation", "SIPTransaction",
                "SIPAuthentication", "SIPDialog", "Routing", "Admission", "CallControl",
                "CallWorld", "Sharing", "Tenancy",
            ]),
        tests("CallModelTests", ["CallModel"]),
        // Call flows of the profiles in `appliance/profiles`.
        tests(
            "ProfileTests",
            [
                "NetworkAddress", "SIPMessage", "SDP", "SIPTransaction", "CallControl", "CallWorld",
                "Configuration", "Node",
            ]),
        tests(
            "CallRecordsTests",
            ["CallRecords", "CallControl", "Admission", "Management", "SDP"]),
        tests(
            "MediaPlanningTests",
            ["MediaPlanning", "CallControl", "FlowABI", "NetworkAddress", "SDP"]),
        tests(
            "FlowProgrammingTests",
            [
                "FlowProgramming", "MediaPlanning", "CallControl", "CFlowABI", "FlowABI",
                "NetworkAddress", "FakeFastPath", "SDP",
            ]),
        tests(
            "FlowABITests",
            ["FlowABI", "CFlowABI", "NetworkAddress", "contract-peer", "contract-control"]),
        tests(
            "SIPTransportTests",
            [
                "SIPTransport", "SIPTransaction", "SIPMessage", "NetworkAddress", "TLS",
                "TestCertificates",
            ]),
        tests("HTTPClientTests", ["HTTPClient"]),
        tests("TLSTests", ["TLS", "TestCertificates"]),
        tests("StoreTests", ["Store", "Tenancy", "store-writer", "TestSupport"]),
        tests(
            "ProvisioningTests",
            ["Provisioning", "Tenancy", "Store", "Management", "CSQLite", "TestSupport"]),
        tests("TraceTests", ["Trace", "NetworkAddress"]),
        tests("DTLSTests", ["DTLS", "TestSupport"]),
        tests(
            "ConfigurationTests",
            [
                "NetworkAddress", "SDP", "SIPMessage", "Manipulation", "SIPAuthentication",
                "SIPLocation", "SIPProxy", "TLS", "CallControl", "Configuration",
                "TestCertificates", "TestSupport",
            ]),
        tests(
            "NodeTests",
            [
                "Node", "Admission", "CallControl", "Configuration", "DTLS", "FlowProgramming",
                "Management", "NetworkAddress", "SDP", "SIPMessage", "SIPTransaction",
                "SIPTransport", "Store", "TLS", "TestCertificates", "SIPLocation", "SIPProxy",
                "FakeDNS", "contract-peer", "Tenancy", "Provisioning", "CallRecords",
                "TestSupport",
            ]),
        tests(
            "SessionDriverTests",
            [
                "SessionDriver", "CallControl", "FlowProgramming", "NetworkAddress", "SDP",
                "trunkline-sessions",
            ]),
        tests("ManagementTests", ["Management", "SIPTransport"]),
        tests("DigitReadingTests", ["DigitReading"]),
        tests("TrunklineTests", [
            "trunkline", "Admission", "Configuration", "FlowABI", "Management", "Manipulation",
            "NetworkAddress", "Node", "SIPMessage", "Trace", "Provisioning", "Store",
            "TestCertificates", "TestSupport",
        ]),

        // What is killed while it writes, for the store's tests.
        .executableTarget(
            name: "store-writer", dependencies: ["Store", "Tenancy"], path: "Tests/StoreWriter",
            swiftSettings: strictSwift),

        // The contract's two sides as processes of their own, for its tests.
        .executableTarget(
            name: "contract-peer", dependencies: ["CFlowABI"], path: "Tests/contract/peer",
            cSettings: strictC),
        .executableTarget(
            name: "contract-control",
            dependencies: [
                "FlowABI", "FlowProgramming", "CallControl", "NetworkAddress", "SessionDriver",
            ],
            path: "Tests/contract/control", swiftSettings: strictSwift),
    ]
)
