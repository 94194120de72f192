// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestCertificates
import Testing

@testable import TLS

/// Files of certificates, looked at.
@Suite struct CertificateChainTests {
    private let fixture: Fixture
    private let now = Fixture.now

    init() throws { self.fixture = try Fixture() }

    private func file(_ name: String, _ parts: [CertificateMaker.Files]) throws -> String {
        let path = self.fixture.maker.path(name)
        let text = try parts.map { try String(contentsOfFile: $0.certificate, encoding: .utf8) }
        try text.joined().write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func chain(
        _ name: String, usages: String = "serverAuth,clientAuth", isRSA: Bool = true,
        alternatives: String = "DNS:sbc.carrier.example", days: Int = 20
    ) throws -> CertificateChain {
        let leaf = try self.fixture.maker.leaf(
            name, by: self.fixture.authority, alternatives: alternatives, usages: usages,
            days: days, isRSA: isRSA)
        return try CertificateChain(
            path: self.file("\(name)-chain.pem", [leaf, self.fixture.authority]))
    }

    @Test func aGoodOneIsUsable() throws {
        let chain = try self.chain("good")
        #expect(chain.teamsFaults(now: self.now).isEmpty)
        #expect(chain.links.count == 2 && chain.links[0].isIssuedByNext)
        #expect(chain.links[0].facts.keyText == "RSA 2048")
        #expect(chain.links[0].subject == "CN=good" && chain.links[0].issuer == "CN=authority")
        #expect(chain.links[1].isSelfIssued && !chain.links[0].isSelfIssued)
        #expect(chain.names.dns == [Array("sbc.carrier.example".utf8)])
    }

    @Test func eachFaultIsSaid() throws {
        func faults(_ chain: CertificateChain, at now: Int64? = nil) -> String {
            chain.teamsFaults(now: now ?? self.now).joined(separator: "; ")
        }
        #expect(faults(try self.chain("ec", isRSA: false)).contains("no RSA key"))
        #expect(faults(try self.chain("s", usages: "serverAuth")).contains("no clientAuth"))
        #expect(faults(try self.chain("c", usages: "clientAuth")).contains("no serverAuth"))
        #expect(faults(try self.chain("n", alternatives: "")).contains("no DNS name"))
        let later = self.now + 40 * 86_400
        #expect(faults(try self.chain("e"), at: later).contains("CN=e has expired"))
        #expect(faults(try self.chain("y"), at: self.now - 86_400).contains("not valid yet"))
        let own = try CertificateChain(path: self.fixture.authority.certificate)
        #expect(faults(own).contains("self-signed"))
        let leaf = try self.fixture.maker.leaf(
            "alone", by: self.fixture.authority, alternatives: "DNS:a.example", isRSA: true)
        #expect(
            faults(try CertificateChain(path: leaf.certificate)).contains("no intermediate"))
        let other = try self.fixture.maker.authority("other")
        let wrong = try CertificateChain(path: self.file("wrong.pem", [leaf, other]))
        #expect(faults(wrong).contains("not issued by the certificate behind it"))
    }

    @Test func whatIsNoFileOfCertificatesIsRefused() throws {
        #expect(throws: TLSFailure.noCertificate) {
            try CertificateChain(path: self.fixture.authority.key)
        }
        #expect(throws: TLSFailure.self) { try CertificateChain(path: "/nowhere.pem") }
    }

    // MARK: Names

    private let trunks = [
        NamePlan.Trunk(name: "plain", host: "1r1.sbc.carrier.example", hasTenants: true),
        NamePlan.Trunk(name: "bypass", host: "1b1.sbc.carrier.example", hasTenants: true),
        NamePlan.Trunk(name: "zoom", host: "zoom.carrier.example", hasTenants: false),
    ]

    private func covered(_ names: [String]) -> [String] {
        let names = CertificateNames(dns: names.map { Array($0.utf8) })
        return NamePlan(self.trunks).needs.filter { NamePlan.covers(names, $0) }.map(\.name)
    }

    @Test func aWildcardStandsForOneLabel() {
        #expect(self.covered(["*.carrier.example"]) == ["zoom.carrier.example"])
        #expect(
            self.covered(["*.sbc.carrier.example"])
                == ["1r1.sbc.carrier.example", "1b1.sbc.carrier.example"])
        #expect(self.covered(["*.1r1.sbc.carrier.example"]) == ["*.1r1.sbc.carrier.example"])
        #expect(self.covered(["acme.1r1.sbc.carrier.example"]).isEmpty)
    }

    @Test func theRequestHasEachNameOnce() {
        let plan = NamePlan(self.trunks + [self.trunks[0]])
        #expect(
            plan.alternativeNames
                == "subjectAltName = DNS:1r1.sbc.carrier.example, DNS:*.1r1.sbc.carrier.example, "
                + "DNS:1b1.sbc.carrier.example, DNS:*.1b1.sbc.carrier.example, "
                + "DNS:zoom.carrier.example")
    }
}
