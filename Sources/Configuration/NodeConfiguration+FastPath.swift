// SPDX-License-Identifier: Apache-2.0

extension NodeConfiguration {
    /// Arguments of trunkline-fastpath for this configuration, program name excluded. `shards` is
    /// the number of signalling shards, each with its rings; slot counts stay the fast path's own.
    public func fastPathArguments(shards: Int = 1) -> [String] {
        var arguments = [
            "--directory", self.node.runtimeDirectory,
            "--cores", self.fastPath.cores.map { "\($0)" }.joined(separator: ","),
        ]
        if let core = self.fastPath.housekeepingCore {
            arguments += ["--housekeeping-core", "\(core)"]
        }
        if !self.fastPath.hugePages { arguments.append("--no-huge") }
        arguments += [
            "--memory-mb", "\(self.fastPath.memoryMB)",
            "--flows-per-worker", "\(self.fastPath.flowsPerWorker)",
            "--shards", "\(shards)",
        ]
        if let flows = self.fastPath.secureFlowsPerWorker {
            arguments += ["--secure-flows", "\(flows)"]
        }
        // Any leg may be one on a shared port.
        if self.realms.contains(where: \.onePort) {
            arguments += ["--shared-flows", "\(self.fastPath.flowsPerWorker)"]
        }
        for realm in self.realms { arguments += ["--realm", Self.argument(realm)] }
        return arguments
    }

    private static func argument(_ realm: Realm) -> String {
        var parts = [
            "name=\(realm.name)", "attach=\(realm.attach.rawValue)",
            "interface=\(realm.interface)",
        ]
        parts += realm.addresses.map { "address=\($0)" }
        parts += [
            "ports=\(realm.ports.lowerBound)-\(realm.ports.upperBound)", "dscp=\(realm.dscp)",
            "vlan=\(realm.vlan)",
        ]
        if let mac = realm.gatewayMAC { parts.append("gateway-mac=\(mac)") }
        if let twin = realm.twin { parts.append("twin=\(twin)") }
        return parts.joined(separator: ",")
    }
}
