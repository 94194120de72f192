// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

/// A whole configuration; tests change single lines of it.
let sample = """
    node:
      name: edge1
      runtime-directory: /run/trunkline
    fastpath:
      cores: [1]
      housekeeping-core: 0
      huge-pages: false
      memory-mb: 256
      flows-per-worker: 16384
    realms:
      - name: carrier
        attach: packet
        interface: veth-carrier
        addresses: [198.18.1.1, "2001:db8::1"]
        ports: 20000-29999
        dscp: 46
        vlan: 0
      - { name: service, attach: packet, interface: veth-service, addresses: [198.18.2.1] }
    listeners:
      - { name: carrier, transport: udp, address: "198.18.1.1:5060" }
      - { name: carrier-tcp, transport: tcp, address: "198.18.1.1:5060" }
      - { name: service, transport: udp, address: "198.18.2.1:5060" }
    trunks:
      - name: carrier
        listener: carrier
        realm: carrier
        peer: "sip:198.18.1.2:5060;transport=udp"
        sources: ["198.18.1.2"]
        codecs: [PCMU, PCMA, telephone-event]
        learn-source: false
        max-calls: 1000
      - { name: service, listener: service, realm: service, peer: "sip:198.18.2.2" }
    routes:
      - { prefix: "+1", from: carrier, to: service }
      - { prefix: "", to: carrier }
    media:
      timeout-seconds: 60
      rtcp-interval-ms: 5000
    limits: { calls: 10000 }
    """

func parse(_ text: String) throws(ConfigurationErrors) -> NodeConfiguration {
    try NodeConfiguration.parse(Array(text.utf8), file: "node.yaml")
}

/// The messages for a text; empty if it is good.
func messages(_ text: String) -> [String] {
    do {
        _ = try parse(text)
        return []
    } catch {
        return error.issues.map(\.description)
    }
}

/// The messages after one replacement in the sample, which must hit.
func messages(replacing old: String, with new: String) -> [String] {
    let parts = split(sample, old)
    #expect(parts.count == 2, "\(old) stands \(parts.count - 1) times in the sample")
    return messages(parts.joined(separator: new))
}

private func split(_ text: String, _ separator: String) -> [String] {
    let text = Array(text.utf8)
    let mark = Array(separator.utf8)
    var parts: [[UInt8]] = [[]]
    var index = 0
    while index < text.count {
        if text[index...].starts(with: mark) {
            parts.append([])
            index += mark.count
        } else {
            parts[parts.count - 1].append(text[index])
            index += 1
        }
    }
    return parts.map { String(decoding: $0, as: UTF8.self) }
}

extension [String] {
    func joined(separator: String) -> String {
        self.dropFirst().reduce(self.first ?? "") { $0 + separator + $1 }
    }
}
