// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Tenancy

/// What a caller's INVITE says on the callee's trunk of who is calling and how the call came: From,
/// P-Asserted-Identity, Privacy, Identity, History-Info, Diversion, Geolocation. One decision for
/// all of them, since a signature binds some and privacy hides others.
struct InvitePassage {
    private let invite: SIPMessage
    private let from: NameAddr
    private let policies: (a: Interworking, b: Interworking)
    private let host: [UInt8]
    private let identity: CallerIdentity
    private let signs: Bool
    private let shown: ShownCaller?
    /// How numbers are written there.
    let numbers: NumberPassage
    /// Whom the INVITE asks for, before it is rewritten for the trunk: whom the caller called, or
    /// whom a redirection named.
    let called: ArraySlice<UInt8>
    /// How the number in that is written there.
    let calledNumbers: NumberPassage
    /// A signed number would have been rewritten, and was kept.
    let keptNumber: Bool
    /// A signature was left out, since what it signs is not what the trunk gets.
    let droppedSignature: Bool

    /// Nil without a readable From. `host` is ours as the trunk sees it; `redirection` is where a
    /// redirection leads, if one does; `shown` what may be told of the caller, nil: everything.
    init?(
        _ invite: SIPMessage, from a: Interworking, to b: Interworking, host: [UInt8],
        redirection: CallPlace? = nil, shown: ShownCaller? = nil
    ) {
        guard let from = try? invite.from() else { return nil }
        self.invite = invite
        self.from = from
        self.policies = (a, b)
        self.host = host
        self.shown = shown
        let identity = CallerIdentity(invite, from: a.identity, to: b.identity)
        self.identity = identity
        let numbers = NumberPassage(from: a.numbers, to: b.numbers)
        let isSigned = invite.first(.identity) != nil && b.identity.signatures == .pass
        let isChanged =
            isSigned && Self.signed(invite, from, identity).contains { $0.isChanged(by: numbers) }
        let keeps = b.identity.signedNumbers == .keepNumber
        // A signature names the caller in clear: who is hidden has none.
        let isReplaced = shown?.number != nil
        self.signs = isSigned && !identity.isHidden && !isReplaced && (keeps || !isChanged)
        self.keptNumber = isChanged && keeps && !identity.isHidden
        self.droppedSignature = isSigned && !self.signs
        self.numbers = self.keptNumber ? .asIs(for: b.numbers) : numbers
        if let redirection, let uri = redirection.calledURI {
            self.called = uri[...]
            self.calledNumbers = NumberPassage(from: redirection.calledFormat, to: b.numbers)
        } else {
            self.called = invite.requestURI
            self.calledNumbers = self.numbers
        }
    }

    /// The numbers that signatures are made over (RFC 8224 section 8.1).
    private static func signed(
        _ invite: SIPMessage, _ from: NameAddr, _ identity: CallerIdentity
    ) -> [CarriedURI] {
        let to = (try? invite.to())?.uri
        let uris = [from.uri] + (to.map { [$0] } ?? []) + identity.asserted.map(\.uri)
        return uris.compactMap(CarriedURI.init) + [CarriedURI(invite.requestURI)].compactMap { $0 }
    }

    /// The value of From, with our tag.
    func from(_ listener: ListenerSettings, tag: [UInt8]) -> [UInt8] {
        guard !self.identity.isHidden || CallerIdentity.isAnonymous(self.from) else {
            return Array("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=".utf8) + tag
        }
        if let number = self.shown?.number {
            return self.address(of: number) + Array(";tag=".utf8) + tag
        }
        return AddressRewriter.from(self.from, listener: listener, tag: tag, self.numbers)
    }

    /// A caller who is known by this number: his name is nothing that anybody vouches for.
    private func address(of number: E164) -> [UInt8] {
        Array("<sip:".utf8) + self.policies.b.numbers.presented(number.bytes) + [0x40] + self.host
            + Array(";user=phone>".utf8)
    }

    /// An address of the caller that may be told.
    private func isShown(_ uri: ArraySlice<UInt8>) -> Bool {
        self.shown?.shows(uri, self.policies.a.numbers) ?? true
    }

    /// An entry of a diversion: the called number stands there as well.
    private func isShownDiversion(_ uri: ArraySlice<UInt8>) -> Bool {
        guard self.shown != nil, !self.isShown(uri) else { return true }
        return CarriedURI(uri)?.number == CarriedURI(self.invite.requestURI)?.number
    }

    /// Adds the header fields, those of the table among them.
    func add(to builder: inout SIPMessageBuilder) {
        CarriedHeaders.copy(
            from: self.invite, as: .invite, to: &builder, self.policies.a.headers,
            hidesCaller: self.identity.isHidden)
        if let number = self.shown?.number, self.shown?.isOnlyIdentity == true {
            builder.add(.pAssertedIdentity, self.address(of: number))
        } else {
            for address in self.identity.asserted where self.isShown(address.uri) {
                builder.add(.pAssertedIdentity, self.told(address))
            }
        }
        builder.copy(all: .privacy, from: self.invite)
        if self.identity.addsPrivacy { builder.add(.privacy, "id") }
        if self.signs {
            builder.copy(all: .date, from: self.invite)
            builder.copy(all: .identity, from: self.invite)
        }
        self.addDiversions(to: &builder)
        self.addGeolocation(to: &builder)
    }

    private func told(_ address: NameAddr) -> [UInt8] {
        var bytes = Array(address.displayName)
        if !bytes.isEmpty { bytes.append(0x20) }
        return bytes + [0x3c] + HostText.told(address.uri, host: self.host, self.numbers) + [0x3e]
    }

    // MARK: Diversions

    private func addDiversions(to builder: inout SIPMessageBuilder) {
        let style = self.policies.b.diversions.style
        guard style != .drop else { return }
        let found = Diversions(self.invite)
        guard found.count > 0 else { return }
        let target = HostText.told(self.called, host: self.host, self.calledNumbers)
        let limit = self.policies.b.diversions.entriesMax
        if style != .diversion {
            self.carry(.historyInfo, to: &builder) { (try? HistoryInfo($0))?.isPrivate ?? true }
        }
        if style != .historyInfo {
            self.carry(.diversion, to: &builder) { (try? Diversion($0))?.isPrivate ?? true }
        }
        if style == .historyInfo || style == .both, found.history.isEmpty {
            let history = Diversions.history(from: found.diversions, target: target, limit: limit)
            for entry in history where self.isShownDiversion(entry.uri[...]) {
                builder.add(.historyInfo, self.told(entry))
            }
        }
        if style == .diversion || style == .both, found.diversions.isEmpty {
            for diversion in found.diverters.prefix(limit)
            where self.isShownDiversion(diversion.uri[...]) {
                builder.add(.diversion, self.told(diversion))
            }
        }
    }

    /// Values as they are, but for the host and the number; unreadable ones are left out.
    private func carry(
        _ name: HeaderName, to builder: inout SIPMessageBuilder,
        _ isPrivate: (ArraySlice<UInt8>) -> Bool
    ) {
        for value in self.invite.all(name).prefix(self.policies.b.diversions.entriesMax) {
            guard let address = try? NameAddr(value), value.contains(0x3c) else { continue }
            let uri = address.uri
            guard self.isShownDiversion(uri) else { continue }
            let mark = SIPURI.headersStart(uri)
            let isHidden = self.identity.hidesDiversions && isPrivate(value)
            var bytes = isHidden ? [] : Array(address.displayName)
            if !bytes.isEmpty { bytes.append(0x20) }
            bytes.append(0x3c)
            bytes +=
                isHidden
                ? Self.anonymous
                : HostText.told(uri[uri.startIndex..<mark], host: self.host, self.numbers)
            bytes += value[mark...]
            builder.add(name, bytes)
        }
    }

    private static let anonymous = Array("sip:anonymous@anonymous.invalid".utf8)

    private func told(_ entry: HistoryInfo) -> [UInt8] {
        var entry = entry
        if entry.isPrivate, self.identity.hidesDiversions {
            entry.displayName = []
            entry.uri = Self.anonymous
        } else {
            entry.uri = HostText.told(entry.uri[...], host: self.host, self.numbers)
        }
        return entry.bytes
    }

    private func told(_ diversion: Diversion) -> [UInt8] {
        var diversion = diversion
        if diversion.isPrivate, self.identity.hidesDiversions {
            diversion.displayName = []
            diversion.uri = Self.anonymous
        } else {
            diversion.uri = HostText.told(diversion.uri[...], host: self.host, self.numbers)
        }
        return diversion.bytes
    }

    /// A location that a body has goes where the body goes (RFC 6442 section 4.1).
    private func addGeolocation(to builder: inout SIPMessageBuilder) {
        let passesBodies = self.policies.b.bodies == .pass
        for line in self.invite.lines(.geolocation) {
            let isInBody = Array("<cid:".utf8).elementsEqual(line.prefix(5).map(ASCII.lowered))
            if passesBodies || !isInBody { builder.add(.geolocation, line) }
        }
    }
}
