// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLS

@Suite struct NameRuleTests {
    private func dns(_ names: String...) -> CertificateNames {
        CertificateNames(dns: names.map { Array($0.utf8) })
    }

    @Test(arguments: [
        ("sbc.example.com", "SBC.Example.COM", true), ("sbc.example.com", "sbc.example.com.", true),
        ("sbc.example.com", "sbc.example.org", false), ("*.example.com", "sbc.example.com", false),
        ("example.com", "sbc.example.com", false), ("sbc.example.com", "", false),
        ("192.0.2.10", "192.0.2.10", false), ("2001:db8::1", "2001:db8::1", false),
    ])
    func carriersHaveWholeNames(name: String, expected: String, matches: Bool) {
        #expect(NameRule.rfc5922.matches(self.dns(name), expected) == matches)
    }

    @Test(arguments: [
        ("*.example.com", "sbc.example.com", true), ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false), ("*.example.com", ".example.com", false),
        ("s*.example.com", "sbc.example.com", true), ("*c.example.com", "sbc.example.com", true),
        ("s*c.example.com", "sbc.example.com", true), ("s*c.example.com", "sc.example.com", false),
        ("s*x.example.com", "sbc.example.com", false), ("*", "example", false),
        ("*.com", "example.com", false), ("**.example.com", "sbc.example.com", false),
        ("a.*.example.com", "a.b.example.com", false),
        ("x*.example.com", "xn--a.example.com", false),
        ("*.example.com", "xn--a.example.com", true), ("192.0.2.*", "192.0.2.10", false),
    ])
    func wildcardsStandForOneLabel(name: String, expected: String, matches: Bool) {
        #expect(NameRule.rfc2818.matches(self.dns(name), expected) == matches)
    }

    @Test func sipURIsAreTheOnlyIdentitiesOfACarrier() {
        let names = CertificateNames(
            dns: [Array("host.example.com".utf8)],
            uris: [
                Array("sip:Example.com".utf8), Array("sip:user@other.example".utf8),
                Array("https://web.example".utf8),
            ],
            common: [Array("common.example".utf8)])
        #expect(NameRule.rfc5922.matches(names, "example.com"))
        for other in ["host.example.com", "other.example", "web.example", "common.example"] {
            #expect(!NameRule.rfc5922.matches(names, other))
        }
        #expect(NameRule.rfc2818.matches(names, "host.example.com"))
    }

    @Test func theCommonNameCountsOnlyAlone() {
        let common = [Array("common.example".utf8)]
        let alone = CertificateNames(common: common)
        let beside = CertificateNames(dns: [Array("host.example".utf8)], common: common)
        for rule in NameRule.allCases {
            #expect(rule.matches(alone, "common.example"))
            #expect(!rule.matches(beside, "common.example"))
        }
    }

    /// What Microsoft's services accept.
    @Test func servicesMatchAsTheirVectorsSay() throws {
        struct Vector: Decodable {
            let san: [String]
            let contact_host: String
            let match: Bool
        }
        guard let vectors = try SharedData.read("teams/cert-match.json") else { return }
        let all = try JSONDecoder().decode([Vector].self, from: vectors)
        #expect(all.count >= 11)
        for vector in all {
            let names = CertificateNames(dns: vector.san.map { Array($0.utf8) })
            #expect(
                NameRule.rfc2818.matches(names, vector.contact_host) == vector.match,
                "\(vector.san) and \(vector.contact_host)")
        }
    }

    @Test func packedNamesAreUnpackedWhateverTheyAre() {
        let packed: [UInt8] = [0x64, 0, 1, 0x61, 0x75, 0, 2, 0x62, 0x63, 0x63, 0, 1, 0x64]
        let names = CertificateNames(packed: packed)
        #expect(names.dns == [[0x61]] && names.uris == [[0x62, 0x63]] && names.common == [[0x64]])
        for length in packed.indices { _ = CertificateNames(packed: Array(packed[..<length])) }
        #expect(CertificateNames(packed: [0x64, 0xff, 0xff, 1]).dns == [[1]])
    }
}
