// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// Every row of the decision table (ACG-SCR-4) by its name.
struct ScreeningTests {
    private let acme = AccountIndex(1)
    private let other = AccountIndex(2)

    private func number(_ text: String) -> E164 {
        E164(text.utf8) ?? E164(value: 10).unsafelyUnwrapped
    }

    private var own: E164 { self.number("+12025550123") }
    private var alsoOwn: E164 { self.number("+12025550124") }
    private var foreign: E164 { self.number("+12025550155") }
    private var outside: E164 { self.number("+442079460000") }

    private func owner(_ number: E164) -> AccountIndex? {
        switch number {
        case self.own, self.alsoOwn: self.acme
        case self.foreign: self.other
        default: nil
        }
    }

    private func judge(
        _ claims: CallerClaims, isScreened: Bool = true,
        _ change: (inout ScreeningPolicy) -> Void = { _ in }
    ) -> CallerScreening.Verdict {
        var policy = ScreeningPolicy()
        change(&policy)
        return CallerScreening.verdict(
            claims, of: self.acme, isScreened: isScreened, policy, owner: self.owner)
    }

    private func claims(
        from: E164? = nil, asserted: E164? = nil, diverting: E164? = nil, anonymous: Bool = false
    ) -> CallerClaims {
        var claims = CallerClaims()
        claims.from = from
        claims.asserted = asserted
        claims.diverting = diverting
        claims.isAnonymous = anonymous
        return claims
    }

    @Test(arguments: [true, false]) func ownedNumberIsAllowed(_ isScreened: Bool) {
        let verdict = self.judge(self.claims(from: self.own), isScreened: isScreened)
        #expect(verdict.row == .owned)
        #expect(verdict.row.allows)
        #expect(verdict.identity == self.own)
        #expect(verdict.from == nil)
    }

    @Test func numberOfAnotherAccountIsRefused() {
        let verdict = self.judge(self.claims(from: self.foreign))
        #expect(verdict.row == .foreign)
        #expect(!verdict.row.allows)
    }

    @Test func unknownNumberIsRefused() {
        let verdict = self.judge(self.claims(from: self.outside))
        #expect(verdict.row == .unknown)
        #expect(!verdict.row.allows)
    }

    @Test func unknownNumberIsAllowedUnverifiedWithoutScreening() {
        let verdict = self.judge(self.claims(from: self.outside), isScreened: false)
        #expect(verdict.row == .unverified)
        #expect(verdict.row.allows)
        #expect(verdict.identity == nil)
        #expect(verdict.shows(self.outside, of: self.acme, owner: self.owner))
    }

    @Test func anonymousWithAnOwnedIdentityIsAllowed() {
        let verdict = self.judge(self.claims(asserted: self.own, anonymous: true))
        #expect(verdict.row == .anonymousOwned)
        #expect(verdict.identity == self.own)
        #expect(verdict.from == nil)
    }

    @Test func anonymousWithoutAnIdentityIsRefused() {
        #expect(self.judge(self.claims(anonymous: true)).row == .anonymous)
        let allowed = self.judge(self.claims(anonymous: true)) { $0.allowsAnonymous = true }
        #expect(allowed.row == .anonymousAllowed)
        #expect(!allowed.shows(self.outside, of: self.acme, owner: self.owner))
    }

    @Test func forwardedCallMayShowItsCaller() {
        let claims = self.claims(from: self.outside, diverting: self.own)
        let verdict = self.judge(claims)
        #expect(verdict.row == .forwarded)
        #expect(verdict.identity == self.own)
        #expect(verdict.shows(self.outside, of: self.acme, owner: self.owner))
        #expect(!verdict.shows(self.foreign, of: self.acme, owner: self.owner))
        #expect(!self.judge(claims) { $0.allowsForwarded = false }.row.allows)
        let refused = self.judge(claims) {
            $0.allowsForwarded = false
            $0.sources.append(.history)
        }
        #expect(refused.row == .forwardedRefused)
    }

    @Test func forwardedByAForeignNumberIsRefused() {
        let claims = self.claims(from: self.outside, diverting: self.foreign)
        #expect(self.judge(claims).row == .unknown)
    }

    @Test func emergencyCallsAreNotJudged() {
        var claims = self.claims(from: self.foreign)
        claims.isEmergency = true
        let verdict = self.judge(claims)
        #expect(verdict.row == .emergency)
        #expect(verdict.row.allows)
        #expect(verdict.identity == nil)
    }

    @Test func outsiderComingBackFromATransferIsAllowed() {
        var claims = self.claims(from: self.outside)
        claims.isTransferred = true
        let verdict = self.judge(claims)
        #expect(verdict.row == .transferred)
        #expect(verdict.shows(self.outside, of: self.acme, owner: self.owner))
    }

    @Test func assertedNumberTakesThePlaceOfAnotherFrom() {
        let claims = self.claims(from: self.outside, asserted: self.own)
        let verdict = self.judge(claims)
        #expect(verdict.row == .fromReplaced)
        #expect(verdict.from == self.own)
        #expect(!verdict.shows(self.outside, of: self.acme, owner: self.owner))
        #expect(self.judge(claims) { $0.replacesFrom = false }.row == .fromDiffers)
    }

    @Test func anotherOwnNumberInFromStays() {
        let verdict = self.judge(self.claims(from: self.alsoOwn, asserted: self.own))
        #expect(verdict.row == .owned)
        #expect(verdict.from == nil)
    }

    @Test func assertedForeignNumberIsNotSavedByFrom() {
        let verdict = self.judge(self.claims(from: self.own, asserted: self.foreign))
        #expect(verdict.row == .foreign)
    }

    @Test func sourcesDecideWhatIsLookedAt() {
        let claims = self.claims(from: self.own, asserted: self.foreign)
        #expect(self.judge(claims) { $0.sources = [.from] }.row == .owned)
    }

    @Test func everyRefusalHasItsText() {
        for row in CallerScreening.Row.allCases {
            #expect(row.allows == row.refusal.isEmpty, "\(row.rawValue)")
        }
    }
}
