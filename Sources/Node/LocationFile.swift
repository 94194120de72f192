// SPDX-License-Identifier: Apache-2.0

internal import Glibc
import Management
import NetworkAddress
import SIPLocation
import SIPTransaction

/// Where names led last, kept for the next process: one that starts while no DNS server answers
/// serves its calls all the same. The file is of the runtime directory; one that cannot be read is
/// as good as none, and one that cannot be written costs nothing but that.
struct LocationFile {
    private let path: String

    /// The file of a runtime directory.
    init(directory: String) { self.path = directory + "/names.json" }

    /// A question as text: what is asked, and by what.
    private static func key(_ question: TargetList.Question) -> String {
        let target = question.target
        let host: String =
            switch target.host {
            case .address(let address): "\(address)"
            case .name(let name): name.description
            }
        let port = target.port.map { "\($0)" } ?? "-"
        let transport = target.transport.map { "\($0)" } ?? "-"
        let ours = question.transports.map { "\($0)" }.joined(separator: ",")
        return "\(host) \(port) \(transport) \(ours) \(question.isIPv4 ? 4 : 6)"
    }

    /// What is kept of these questions.
    func load(_ questions: [TargetList.Question]) -> [TargetList.Question: [LocatedServer]] {
        guard let text = SystemFiles.text(self.path),
            let value = try? JSONValue(parsing: Array(text.utf8))
        else { return [:] }
        var kept: [TargetList.Question: [LocatedServer]] = [:]
        for question in questions {
            let servers = (value[Self.key(question)]?.array ?? []).compactMap(Self.server)
            let fitting = servers.filter {
                $0.address.address.isIPv4 == question.isIPv4
                    && question.transports.contains($0.transport)
            }
            if !fitting.isEmpty { kept[question] = fitting }
        }
        return kept
    }

    private static func server(_ value: JSONValue) -> LocatedServer? {
        guard let address = value["address"]?.string.flatMap({ IPAddress($0) }),
            !address.isUnspecified, !address.isMulticast,
            let port = value["port"]?.integer.flatMap({ UInt16(exactly: $0) }), port > 0,
            let word = value["transport"]?.string,
            let transport = TransportProtocol.allCases.first(where: { "\($0)" == word }),
            let priority = value["priority"]?.integer.flatMap({ UInt16(exactly: $0) }),
            let weight = value["weight"]?.integer.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        return LocatedServer(
            address: SocketAddress(address: address, port: port), transport: transport,
            priority: priority, weight: weight)
    }

    /// Keeps these, in one step, in place of what was kept.
    func save(_ located: [TargetList.Question: [LocatedServer]]) {
        var names = JSONObject()
        let named = located.map { (name: Self.key($0.key), servers: $0.value) }
        for (name, servers) in named.sorted(by: { $0.name < $1.name }) where !servers.isEmpty {
            names[name] = .array(
                servers.map { server in
                    [
                        "address": JSONValue("\(server.address.address)"),
                        "port": JSONValue(server.address.port),
                        "transport": JSONValue("\(server.transport)"),
                        "priority": JSONValue(server.priority),
                        "weight": JSONValue(server.weight),
                    ]
                })
        }
        let bytes = JSONValue.object(names).encoded(pretty: false) + [0x0a]
        let draft = self.path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return }
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count
        guard close(descriptor) == 0, isWritten, rename(draft, self.path) == 0 else {
            unlink(draft)
            return
        }
    }
}
