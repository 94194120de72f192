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
    private let configuration: String
    private let access: ProvisioningAccess

    private static let bytesMax = 1 << 20

    init(_ arguments: Arguments) throws(Failure) {
        self.arguments = arguments
        self.configuration = arguments["config"] ?? Place.configuration
        self.access = try ProvisioningAccess(arguments)
    }

    func add(_ path: String) throws(Failure) -> ExitStatus {
        guard let host = self.arguments["host"] else {
            throw .usage("--host is missing: the name of a trunk or listener of this node")
        }
        let file = try Configurations.load(self.arguments["config"])
        let names = Set(file.listeners.compactMap(\.host) + file.trunks.compactMap(file.host))
        guard names.contains(host) else {
            let known = names.sorted().joined(separator: ", ")
            throw .no(
                "no trunk and no listener has the name \(host)"
                    + (names.isEmpty ? "" : "; names are \(known)"))
        }
        let isOfTeams = file.trunks.contains {
            file.host(of: $0) == host && $0.tenancy.service == .teamsDirectRouting
        }
        let problems = try Self.problems(path, host, isOfTeams: isOfTeams)
        guard problems.isEmpty else {
            throw .no("\(path): nothing was changed: \(problems.joined(separator: "; "))")
        }
        let place = "\(file.node.stateDirectory)/certificates/\(host).pem"
        let before = try? TLSIdentity(certificate: place, key: place)
        var answer: JSONObject = [
            "host": .string(host), "state": before == nil ? "added" : "changed",
            "file": .string(place),
        ]
        if self.arguments.has("dry-run") {
            answer["dry-run"] = true
        } else {
            let bytes = try Files.read(path, limit: Self.bytesMax)
            let draft = try SafeFile(place, like: file.node.stateDirectory, bytes, mode: 0o600)
            var request: JSONObject = ["kind": "certificate", "name": .string(host)]
            request["before"] = before.map(Self.summary)
            request["after"] = (try? TLSIdentity(certificate: path, key: path)).map(Self.summary)
            _ = try self.access.ask("file-written", request, self.arguments)
            try draft.keep()
            answer["node"] = try self.access.reload()
        }
        ProvisioningAccess.tell("certificate of \(host)", answer, self.arguments)
        return .ok
    }

    private static func summary(_ identity: TLSIdentity) -> JSONValue {
        [
            "names": .string(identity.names.description),
            "ends": .string(WallTime.day(s: UInt64(clamping: identity.facts.notAfter))),
        ]
    }

    /// What keeps a file from being used for a name.
    static func problems(
        _ path: String, _ host: String, isOfTeams: Bool
    ) throws(Failure) -> [String] {
        let identity: TLSIdentity
        do throws(TLSFailure) {
            identity = try TLSIdentity(certificate: path, key: path)
        } catch {
            throw .no("\(path) \(error); \(error.fix)")
        }
        let now = Int64(time(nil))
        let chain = identity.chain
        var problems = isOfTeams ? chain.teamsFaults(now: now) : chain.dateFaults(now: now)
        if !NameRule.rfc2818.matches(identity.names, host) {
            problems.append("\(host) is not among its names: \(identity.names)")
        }
        return problems
    }
}
