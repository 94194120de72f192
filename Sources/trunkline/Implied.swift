// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management

/// What a configuration does not say and has all the same, for people.
struct Implied {
    private let file: NodeConfiguration

    init(_ file: NodeConfiguration) { self.file = file }

    private var listeners: [NodeConfiguration.Listener] {
        self.file.listeners.filter(\.isImplied)
    }
    private var routes: [NodeConfiguration.Route] { self.file.routes.filter(\.isImplied) }

    /// Trunks that come by an implied listener; UDP and TCP at one place are for the same ones.
    private func trunks(of listener: NodeConfiguration.Listener) -> [String] {
        self.file.trunks.filter { trunk in
            let own = self.file.listeners[trunk.listener]
            return own.isImplied && own.address == listener.address
                && (own.transport == .tls) == (listener.transport == .tls)
        }.map(\.name)
    }

    /// One sentence each.
    var lines: [String] {
        let listeners = self.listeners.map { listener in
            let files = listener.certificates.map(\.certificate)
            let shown = files.isEmpty ? "" : ", with \(files.joined(separator: ", "))"
            let trunks = self.trunks(of: listener).joined(separator: ", ")
            return "listener \(listener.name) for \(trunks)\(shown)"
        }
        let names = self.file.trunks.map(\.name)
        let routes = self.routes.map { "calls from \(names[$0.from ?? 0]) go to \(names[$0.to])" }
        return listeners + routes
    }

    /// The same for scripts.
    var json: JSONValue {
        let listeners = self.listeners.map { listener -> JSONValue in
            [
                "transport": .string(listener.transport.rawValue),
                "address": .string("\(listener.address)"),
                "trunks": .array(self.trunks(of: listener).map { .string($0) }),
                "certificates": .array(
                    listener.certificates.map { .string($0.certificate) }),
            ]
        }
        let routes = self.routes.map { route -> JSONValue in
            [
                "from": .string(self.file.trunks[route.from ?? 0].name),
                "to": .string(self.file.trunks[route.to].name),
            ]
        }
        return ["listeners": .array(listeners), "routes": .array(routes)]
    }
}
