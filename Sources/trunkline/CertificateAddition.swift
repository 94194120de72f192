// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Glibc
import Management
import TLS
import Tenancy
import Trace

/// Puts a certificate into the place where trunks and listeners of a name look for theirs.
struct CertificateAddition {
    private let arguments: Arguments
    private let access: ProvisioningAccess

    private static let bytesMax = 1 << 20

    init(_ arguments: Arguments) throws(Failure) {
        self.arguments = arguments
        self.access = try ProvisioningAccess(arguments)
    }

    func add(_ path: String) throws(Failure) -> ExitStatus {
        guard let host = self.arguments["host"] else {
            throw .usage("--host is missing: the name of a trunk or listener of this node")
        }
        let file = try Configurations.load(self.arguments["config"])
        try self.check(host, file)
        let isOfTeams = file.trunks.contains {
            file.host(of: $0) == host && $0.tenancy.service == .teamsDirectRouting
        }
        let place = "\(file.node.stateDirectory)/certificates/\(host).pem"
        let bytes = try Files.read(path, limit: Self.bytesMax)
        // What is looked at is what will be there.
        let draft = try SafeFile(place, like: file.node.stateDirectory, bytes, mode: 0o600)
        let before = try? TLSIdentity(certificate: place, key: place)
        let identity = try Self.identity(draft.draft, path)
        var problems = Self.problems(identity, host, isOfTeams: isOfTeams)
        if !self.arguments.has("force") {
            problems += before.map { Self.lost($0.names, identity.names) } ?? []
        }
        guard problems.isEmpty else {
            throw .no("\(path): nothing was changed: \(problems.joined(separator: "; "))")
        }
        var answer: JSONObject = [
            "host": .string(host), "state": before == nil ? "added" : "changed",
            "file": .string(place),
        ]
        if self.arguments.has("dry-run") {
            answer["dry-run"] = true
        } else {
            var request: JSONObject = ["kind": "certificate", "name": .string(host)]
            request["before"] = before.map(Self.summary)
            request["after"] = Self.summary(identity)
            _ = try self.access.ask("file-written", request, self.arguments)
            try draft.keep()
            answer["node"] = try self.access.reload()
        }
        ProvisioningAccess.tell("certificate of \(host)", answer, self.arguments)
        return .ok
    }

    /// The name is one of this node's, or of a trunk that is yet to come.
    private func check(_ host: String, _ file: NodeConfiguration) throws(Failure) {
        let isName = host.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e: true
            default: false
            }
        }
        guard isName, (1...253).contains(host.utf8.count), host.utf8.first != 0x2e else {
            throw .usage("--host \(host): write a DNS name")
        }
        let names = Set(file.listeners.compactMap(\.host) + file.trunks.compactMap(file.host))
        guard !names.contains(host), !self.arguments.has("new") else { return }
        let known = names.sorted().joined(separator: ", ")
        throw .no(
            "no trunk and no listener has the name \(host)"
                + (names.isEmpty ? "" : "; names are \(known)")
                + "; with --new it is for a trunk that is yet to be added")
    }

    private static func identity(_ file: String, _ path: String) throws(Failure) -> TLSIdentity {
        do throws(TLSFailure) {
            return try TLSIdentity(certificate: file, key: file)
        } catch {
            throw .no("\(path) \(error); \(error.fix)")
        }
    }

    /// What keeps a certificate from being used for a name.
    static func problems(
        _ identity: TLSIdentity, _ host: String, isOfTeams: Bool
    ) -> [String] {
        let now = Int64(time(nil))
        let chain = identity.chain
        var problems = isOfTeams ? chain.teamsFaults(now: now) : chain.dateFaults(now: now)
        if !NameRule.rfc2818.matches(identity.names, host) {
            problems.append("\(host) is not among its names: \(identity.names.description)")
        }
        return problems
    }

    /// Names that the one in its place has and the new one has not: tenants may be known by them.
    static func lost(_ old: CertificateNames, _ new: CertificateNames) -> [String] {
        let lost = old.dns.map { String(decoding: $0, as: UTF8.self) }.filter { name in
            // A wildcard stands for one label.
            let sample = name.hasPrefix("*.") ? "label" + name.dropFirst() : name
            return !NameRule.rfc2818.matches(new, sample)
        }
        guard !lost.isEmpty else { return [] }
        return [
            "it has not \(lost.joined(separator: ", ")), which the one in its place has; --force "
                + "if nobody is known by that"
        ]
    }

    private static func summary(_ identity: TLSIdentity) -> JSONValue {
        [
            "names": .string(identity.names.description),
            "ends": .string(WallTime.day(s: UInt64(clamping: identity.facts.notAfter))),
        ]
    }
}
