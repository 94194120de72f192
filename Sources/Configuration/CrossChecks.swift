// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

/// Checks between parts of the file.
struct CrossChecks {
    let issues: IssueList

    /// Names are unique among their kind.
    func names(_ names: [Located<String>], _ kind: String) {
        var seen: [String: SourceLine] = [:]
        for name in names {
            if let line = seen[name.value] {
                self.issues.add(
                    name, "there is another \(kind) \(Shown.value(name.value)) on line \(line)",
                    "give this one a name of its own")
            } else {
                seen[name.value] = name.line
            }
        }
    }

    /// No address and no interface with VLAN belongs to two realms; every worker gets ports.
    func realms(_ realms: [LocatedRealm], workers: Int) {
        var addresses: [IPAddress: Located<IPAddress>] = [:]
        var interfaces: [String: LocatedRealm] = [:]
        for realm in realms {
            for address in realm.addresses {
                if let other = addresses[address.value] {
                    self.issues.add(
                        address, "\(address.value) stands on line \(other.line) too",
                        "give each address to one realm, once")
                } else {
                    addresses[address.value] = address
                }
            }
            let place = "\(realm.interface.value) \(realm.value.vlan)"
            if let other = interfaces[place] {
                self.issues.add(
                    realm.interface,
                    "overlaps with realm \(other.value.name) (line \(other.interface.line)): the "
                        + "same interface and VLAN",
                    "put the addresses into one realm, or write another vlan")
            } else {
                interfaces[place] = realm
            }
            self.workers(realm, workers)
        }
        if addresses.count > Schema.addressLimit, let first = realms.first {
            self.issues.add(
                first.name.line, "realms", "have \(addresses.count) addresses together",
                "write at most \(Schema.addressLimit)")
        }
    }

    /// Aligned blocks of 512 ports name the worker, so a range can leave one without any.
    private func workers(_ realm: LocatedRealm, _ workers: Int) {
        let blocks =
            Int(realm.ports.value.lowerBound) / 512...Int(realm.ports.value.upperBound) / 512
        guard blocks.count < workers else { return }
        self.issues.add(
            realm.ports,
            "covers \(blocks.count) blocks of 512 ports, fewer than there are workers (\(workers))",
            "write a range of at least \(workers * 512) ports, or fewer fastpath.cores")
    }

    /// No two listeners at one place, none inside the media ports of its address.
    func listeners(_ listeners: [LocatedListener], _ realms: [LocatedRealm]) {
        var seen: [String: LocatedListener] = [:]
        for listener in listeners {
            // TLS is TCP to the kernel.
            let socket = listener.value.transport == .udp ? "udp" : "tcp"
            let place = "\(socket) \(listener.address.value)"
            if let other = seen[place] {
                self.issues.add(
                    listener.address,
                    "listener \(other.value.name) (line \(other.address.line)) has this address",
                    "write another address or port")
            } else {
                seen[place] = listener
            }
            self.twin(of: listener, listeners)
            for realm in realms where listener.value.transport == .udp {
                guard realm.value.addresses.contains(listener.address.value.address),
                    realm.value.ports.contains(listener.address.value.port)
                else { continue }
                self.issues.add(
                    listener.address, "lies in the media ports of realm \(realm.value.name)",
                    "write a port outside \(realm.value.ports.lowerBound)-"
                        + "\(realm.value.ports.upperBound)")
            }
        }
    }

    /// Requests that change to TCP need a listener there.
    private func twin(of listener: LocatedListener, _ listeners: [LocatedListener]) {
        guard listener.value.largeRequestsOverTCP else { return }
        let hasTwin = listeners.contains {
            $0.value.transport == .tcp && $0.value.address == listener.value.address
        }
        guard listener.value.transport != .udp || !hasTwin else { return }
        self.issues.add(
            listener.address,
            listener.value.transport == .udp
                ? "has no tcp listener beside it for large-requests-over-tcp"
                : "is no udp listener, and large-requests-over-tcp is for those",
            "add a tcp listener with this address, or leave large-requests-over-tcp out")
    }

    /// At one listener a source names one trunk.
    func sources(_ trunks: [LocatedTrunk]) {
        var seen: [Int: [AddressPrefix: Located<String>]] = [:]
        for trunk in trunks {
            for source in trunk.sources {
                if let other = seen[trunk.value.listener]?[source.value] {
                    self.issues.add(
                        source, "\(source.value) is a source of trunk \(other.value) too",
                        "a source at one listener names one trunk: write different sources, or "
                            + "another port or listener")
                } else {
                    seen[trunk.value.listener, default: [:]][source.value] = trunk.name
                }
            }
        }
    }

    /// A name that has to be one trunk's own is no other's.
    func hosts(_ trunks: [LocatedTrunk]) {
        for trunk in trunks where trunk.hasUniqueHost {
            guard let host = trunk.host,
                let other = trunks.first(where: {
                    $0.name.key != trunk.name.key
                        && $0.host?.value.lowercased() == host.value.lowercased()
                })
            else { continue }
            self.issues.add(
                host,
                "is that of trunk \(other.value.name) too, and has to be its own "
                    + "(own-host-unique)",
                "write another name of this node")
        }
    }

    /// One rule for a prefix and an origin.
    func routes(_ routes: [LocatedRoute]) {
        struct Rule: Hashable {
            var prefix: String
            var from: Int?
        }
        var seen: [Rule: SourceLine] = [:]
        for route in routes {
            // The route table takes a to d as A to D.
            let prefix = String(
                decoding: route.value.prefix.utf8.map {
                    (0x61...0x64).contains($0) ? $0 & 0xdf : $0
                }, as: UTF8.self)
            let rule = Rule(prefix: prefix, from: route.value.from)
            if let line = seen[rule] {
                self.issues.add(
                    route, "there is a route for \(Shown.value(prefix)) on line \(line)",
                    "keep one of them, or tell them apart by `from`")
            } else {
                seen[rule] = route.line
            }
        }
    }
}
