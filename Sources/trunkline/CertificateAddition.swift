// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Glibc
import Management
import TLS
import Tenancy

/// Puts a certificate into the place where trunks and listeners of a name look for theirs.
struct CertificateAddition {
    private let arguments: Arguments
    private let configuration: String
    private let node: RunningNode

    private static let bytesMax = 1 << 20

    init(_ arguments: Arguments) throws(Failure) {
        self.arguments = arguments
        self.configuration = arguments["config"] ?? Place.configuration
        self.node = try RunningNode(arguments)
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
        var answer: JSONObject = ["certificate": .string(path), "file": .string(place)]
        if self.arguments.has("dry-run") {
            answer["dry-run"] = true
        } else {
            let bytes = try Files.read(path, limit: Self.bytesMax)
            try SafeFile(place, like: file.node.stateDirectory, bytes, mode: 0o600).keep()
            answer["node"] = try self.reload()
        }
        if self.arguments.wantsJSON {
            Terminal.print(.object(answer))
        } else {
            let word = self.arguments.has("dry-run") ? "it would be" : "it is"
            Terminal.print("\(path): \(word) \(place)")
            for refused in answer["node"]?["refused"]?.array ?? [] {
                Terminal.print("the running node: \(Render.cell(refused))")
            }
        }
        return .ok
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

    private func reload() throws(Failure) -> JSONValue {
        switch try self.node.answer("reload", [:], timeoutMilliseconds: 10_000) {
        case .success(let value): return value
        case .failure(let error) where error.code == ControlClient.notRunning: return .null
        case .failure(let error): throw .no("it is in its place; the node says: \(error.text)")
        }
    }
}
