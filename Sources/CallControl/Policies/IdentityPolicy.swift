// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Where a trunk says who is calling, and what it may be told of callers.
public struct IdentityPolicy: Sendable, Hashable {
    /// A header field that names the caller.
    public enum Source: String, Sendable, Hashable, CaseIterable {
        case asserted = "P-Asserted-Identity"
        case preferred = "P-Preferred-Identity"
        case remoteParty = "Remote-Party-ID"
        case from = "From"
    }

    /// What becomes of Identity (RFC 8224) and its Date on the way to the trunk.
    public enum Signatures: String, Sendable, Hashable, CaseIterable {
        /// Byte for byte.
        case pass
        /// Left out.
        case drop
    }

    /// What gives way where a number that is signed would be rewritten.
    public enum SignedNumbers: String, Sendable, Hashable, CaseIterable {
        /// The number format: the number stays.
        case keepNumber = "keep-number"
        /// The signature: it is left out, with its Date.
        case dropIdentity = "drop-identity"
    }

    /// The trunk belongs to the trust domain of RFC 3325: its assertions are believed, and it is
    /// told of callers that want privacy.
    public var isTrusted = true
    /// Where one P-Asserted-Identity is made from, the first that is there; empty: those that the
    /// trunk sends pass, each as it is.
    public var sources: [Source] = []
    /// Signatures on the way to the trunk.
    public var signatures = Signatures.pass
    /// Signed numbers on the way to the trunk.
    public var signedNumbers = SignedNumbers.keepNumber

    /// Believed, and nothing converted.
    public init() {}
}

/// Who is calling, as the callee's trunk is told.
struct CallerIdentity {
    /// What Privacy asks for (RFC 3323 section 4.2, RFC 3325 section 9.3).
    struct Wishes {
        var id = false
        var user = false
        var history = false

        init(_ invite: SIPMessage) {
            for line in invite.lines(.privacy) {
                for part in line.split(separator: 0x3b) {
                    let word = part.filter { $0 != 0x20 && $0 != 0x09 }
                    if ASCII.equalsIgnoringCase(word, "id") { self.id = true }
                    if ASCII.equalsIgnoringCase(word, "user") { self.user = true }
                    if ASCII.equalsIgnoringCase(word, "history") { self.history = true }
                }
            }
        }
    }

    /// The trunk must not learn who calls.
    let isHidden: Bool
    /// Private diversions must not be told either.
    let hidesDiversions: Bool
    /// The address that each P-Asserted-Identity is written from.
    private(set) var asserted: [NameAddr] = []
    /// A Privacy of our own besides what the caller asked for.
    private(set) var addsPrivacy = false

    init(_ invite: SIPMessage, from: IdentityPolicy, to: IdentityPolicy) {
        let wishes = Wishes(invite)
        self.hidesDiversions = !to.isTrusted
        guard !from.sources.isEmpty else {
            self.isHidden = !to.isTrusted && (wishes.id || wishes.user)
            if from.isTrusted, !self.isHidden {
                self.asserted = invite.all(.pAssertedIdentity).compactMap { try? NameAddr($0) }
            }
            return
        }
        var found: NameAddr?
        var isPrivate = false
        for source in from.sources where found == nil {
            guard from.isTrusted || source == .from else { continue }
            switch source {
            case .asserted: found = Self.first(.pAssertedIdentity, invite)
            case .preferred: found = Self.first(.pPreferredIdentity, invite)
            case .remoteParty: (found, isPrivate) = Self.remoteParty(invite)
            case .from: found = (try? invite.from()).flatMap { Self.isAnonymous($0) ? nil : $0 }
            }
        }
        let isHidden = !to.isTrusted && (wishes.id || wishes.user || isPrivate)
        self.isHidden = isHidden
        self.addsPrivacy = isPrivate && !wishes.id
        if let found, !isHidden { self.asserted = [found] }
    }

    private static func first(_ name: HeaderName, _ invite: SIPMessage) -> NameAddr? {
        invite.all(name).lazy.compactMap { try? NameAddr($0) }.first
    }

    /// The calling party of Remote-Party-ID, unless it says of itself that it was not checked.
    private static func remoteParty(_ invite: SIPMessage) -> (NameAddr?, isPrivate: Bool) {
        for value in invite.all(HeaderName("Remote-Party-ID")) {
            guard let party = try? NameAddr(value) else { continue }
            let parameters = party.parameters
            let role = parameters.value("party")
            guard role.map({ ASCII.equalsIgnoringCase($0, "calling") }) ?? true,
                parameters.value("screen").map({ !ASCII.equalsIgnoringCase($0, "no") }) ?? true
            else { continue }
            let privacy = parameters.value("privacy")
            let isPrivate = privacy.map { !ASCII.equalsIgnoringCase($0, "off") } ?? false
            return (party, isPrivate)
        }
        return (nil, false)
    }

    /// A host under `invalid` names nobody (RFC 3323 section 4.1.1.3).
    static func isAnonymous(_ address: NameAddr) -> Bool {
        guard case .sip(let sip)? = try? address.decodedURI() else { return false }
        return HostText.isInvalid(sip.host.bytes)
    }
}
