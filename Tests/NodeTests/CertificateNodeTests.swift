// SPDX-License-Identifier: Apache-2.0

import Management
import TestCertificates
import Testing

@testable import Node

/// The verbs `cert-list` and `cert-plan` through the control socket.
@Suite struct CertificateNodeTests {
    private let teams =
        "host: 1r1.sbc.example.com, service: teams-direct-routing, tenants: optional,"

    @Test func listSaysWhatIsInUseAndWhatIsWrong() throws {
        let fixture = try TLSFixture(trunk: self.teams)
        let row = try fixture.node.result("cert-list")[0]
        #expect(row?["use"] == "listener tls" && row?["key"] == "EC 256")
        #expect(row?["file"] == JSONValue(fixture.maker.files("node").certificate))
        #expect(row?["names"] == "sbc.example.com, *.sbc.example.com")
        #expect((198...200).contains(row?["days_left"]?.integer ?? 0))
        let problems = row?["problems"]?.array?.compactMap(\.string) ?? []
        #expect(problems.contains { $0.contains("no RSA key") })
        #expect(problems.contains { $0.contains("no intermediate") })
    }

    @Test func aFileThatCannotBeUsedDoesNotReplaceOne() throws {
        let fixture = try TLSFixture()
        #expect(try fixture.node.result("cert-list")[0]?["problems"] == [])
        let before = try fixture.node.result("cert-list")[0]?["ends"]
        try fixture.maker.leaf(
            "node", by: fixture.authority, alternatives: "DNS:sbc.example.com", days: -1)
        fixture.node.shard.lookAtCertificates()
        let row = try fixture.node.result("cert-list")[0]
        #expect(row?["ends"] == before && row?["names"] == "sbc.example.com, *.sbc.example.com")
        let problem = row?["problems"]?[0]?.string ?? ""
        #expect(problem.contains("has expired") && problem.contains("stays in use"))
    }

    @Test func planComparesWithWhatIsInUse() throws {
        let fixture = try TLSFixture(trunk: self.teams)
        let plan = try fixture.node.result("cert-plan")
        #expect(plan["names"]?[0]?["name"] == "1r1.sbc.example.com")
        #expect(plan["names"]?[0]?["state"] == "covered")
        #expect(plan["names"]?[1]?["name"] == "*.1r1.sbc.example.com")
        #expect(plan["names"]?[1]?["state"] == "missing" && plan["names"]?[1]?["for"] == "tenants")
        #expect(plan["names"]?[1]?["missing_in"] == ["trunk service", "listener tls"])
        #expect(
            plan["csr"] == "subjectAltName = DNS:1r1.sbc.example.com, DNS:*.1r1.sbc.example.com")
    }

    @Test func withoutNamesNoneIsNeeded() throws {
        let node = try NodeFixture()
        #expect(try node.result("cert-plan")["names"] == [])
        #expect(try node.result("cert-list") == [])
    }
}
