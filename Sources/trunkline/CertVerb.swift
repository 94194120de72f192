// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import TLS
import Trace

extension Verb {
    static let cert = Verb(
        name: "cert", operands: "list | show FILE | add FILE | plan",
        summary: "certificates, and the names that they need",
        details: """
            list shows the certificates that the running node shows to others: where each is used,
            its names, its key, its end, and what is wrong with it. A file that was replaced and
            cannot be used (expired, of another key, unreadable) does not replace the one in use,
            and is a problem here.
            show reads one file, and needs no running node: the certificate and the chain behind it,
            and what would keep Teams Direct Routing from using it: a chain out of order or missing,
            a key other than RSA of 2048 bits or more, usages without serverAuth and clientAuth, no
            DNS name, dates.
            add puts a file (certificate, chain and private key) into its place for --host, a name
            of a trunk or listener, and the node takes it at once. It is refused, and the one in its
            place stays, where key and certificate do not belong together, its dates are over or
            not begun, it has not that name, or it lacks a name that the one in its place has
            (--force), or for a trunk to Teams what show calls not usable.
            plan says which names the certificates need for the trunks to services and the tenants
            below them, whether those in use have them, and the line for a certificate request. A
            wildcard stands for one label: *.carrier.example is no name of a tenant below
            1r1.carrier.example, so each trunk with tenants needs a wildcard of its own.

            examples:
              trunkline cert list
              trunkline cert show /etc/trunkline/sbc.pem
              trunkline cert add new.pem --host 1r1.sbc.carrier.example --dry-run
              trunkline cert plan
            Exit status: 0, 1 where something is wrong or missing, 2 for wrong arguments, 3 no
            process is running.
            """,
        options: ProvisioningAccess.options + [
            Option(name: "host", value: "NAME", help: "of add: the name that it is for"),
            Option(name: "new", help: "of add: the name of a trunk that is yet to be added"),
            Option(name: "force", help: "of add: although names are lost"),
            Option(name: "dry-run", help: "of add: check, and put nothing into place"),
        ],
        use: OptionUse(
            [
                ("list", []), ("show", []), ("plan", []),
                ("add", ["host", "new", "force", "dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let words = try arguments.operands(1...2, "list, show FILE, add FILE or plan")
        switch (words[0], words.count) {
        case ("list", 1): return try CertificateView.list(arguments)
        case ("plan", 1): return try CertificateView.plan(arguments)
        case ("show", 2): return try CertificateView.show(words[1], arguments)
        case ("add", 2): return try CertificateAddition(arguments).add(words[1])
        default: throw .usage("list, show FILE, add FILE or plan is expected; --help explains it")
        }
    }
}

/// What is said of certificates.
enum CertificateView {
    static func list(_ arguments: Arguments) throws(Failure) -> ExitStatus {
        let answer = try RunningNode(arguments).ask("cert-list")
        let rows = answer.array ?? []
        if arguments.wantsJSON {
            Terminal.print(answer)
        } else if rows.isEmpty {
            Terminal.print("no certificates: no listener and no trunk speaks TLS")
        } else {
            Terminal.print(self.text(ofList: rows))
        }
        return rows.allSatisfy { $0["problems"]?.array?.isEmpty ?? true } ? .ok : .no
    }

    static func text(ofList rows: [JSONValue]) -> String {
        let columns = ["use", "file", "names", "key", "ends", "days_left"]
        let problems = rows.flatMap { row in
            (row["problems"]?.array ?? []).map { problem in
                "\(Render.cell(row["use"])): \(Render.cell(problem))"
            }
        }
        let table = Render.table(rows, first: columns, without: ["problems"])
        return problems.isEmpty ? table : table + "\n\n" + problems.joined(separator: "\n")
    }

    static func plan(_ arguments: Arguments) throws(Failure) -> ExitStatus {
        let answer = try RunningNode(arguments).ask("cert-plan")
        let names = answer["names"]?.array ?? []
        if arguments.wantsJSON {
            Terminal.print(answer)
        } else if names.isEmpty {
            Terminal.print("no names are needed: no trunk to a service has a name of this node")
        } else {
            let table = Render.table(names, first: ["name", "for", "trunk", "state", "missing_in"])
            Terminal.print(table + "\n\nfor the request: " + Render.cell(answer["csr"]))
        }
        return names.contains { $0["state"] == "missing" } ? .no : .ok
    }

    static func show(_ path: String, _ arguments: Arguments) throws(Failure) -> ExitStatus {
        let chain: CertificateChain
        do throws(TLSFailure) {
            chain = try CertificateChain(path: path)
        } catch {
            throw .no("\(path) \(error); \(error.fix)")
        }
        let value = self.value(of: chain, now: Int64(time(nil)))
        if arguments.wantsJSON {
            Terminal.print(value)
        } else {
            Terminal.print(Render.members(value))
        }
        return value["teams"] == "usable" ? .ok : .no
    }

    /// A chain as an object; `now` in seconds since 1970.
    static func value(of chain: CertificateChain, now: Int64) -> JSONValue {
        let faults = chain.teamsFaults(now: now)
        let links = chain.links.map { link -> JSONValue in
            let facts = link.facts
            let usages = [facts.isForServers ? "server" : nil, facts.isForClients ? "client" : nil]
            return [
                "subject": JSONValue(link.subject), "issuer": JSONValue(link.issuer),
                "key": JSONValue(facts.keyText),
                "for": JSONValue(usages.compactMap(\.self).joined(separator: ", ")),
                "begins": JSONValue(WallTime.day(s: UInt64(clamping: facts.notBefore))),
                "ends": JSONValue(WallTime.day(s: UInt64(clamping: facts.notAfter))),
                "days_left": .integer(facts.days(at: now)),
            ]
        }
        return [
            "names": JSONValue(chain.names.description),
            "teams": .string(faults.isEmpty ? "usable" : "not usable"),
            "problems": .array(faults.map { JSONValue($0) }), "chain": .array(links),
        ]
    }
}
