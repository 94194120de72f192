// SPDX-License-Identifier: Apache-2.0

// Values of header fields, of the entry in SIPMessageFuzz.swift: each is decoded as everything that
// a header field can hold, whatever its name. A fault lies inside of the value, and what was read
// is read again when it is written.

/// Asked for by name, beside those that have a decoder here.
private let names: [HeaderName] = [
    .contentLanguage, .mimeVersion, .allow, .proxyRequire, .retryAfter, .userAgent, .server,
    .subject, .date, .minExpires, .acceptLanguage, .alertInfo, .callInfo, .errorInfo,
    .authenticationInfo, .authorization, .proxyAuthorization, .wwwAuthenticate, .proxyAuthenticate,
    .organization, .priority, .replyTo, .timestamp, .warning, .event, .allowEvents,
    .subscriptionState, .referTo, .referredBy, .referSub, .replaces, .join, .minSE,
    .pAssertedIdentity, .pPreferredIdentity, .privacy, .diversion, .historyInfo, .path,
    .serviceRoute, .identity, .acceptContact, .rejectContact, .requestDisposition, .userToUser,
    .geolocation, .geolocationRouting, .sessionID, .infoPackage, .recvInfo, .pEarlyMedia,
    .contentID,
]

func decodeEverything(_ message: SIPMessage) {
    _ = try? message.topVia()
    _ = try? message.vias().map { ($0.received, $0.responsePort, $0.hasUniqueBranch) }
    _ = try? message.from().decodedURI()
    _ = try? message.to().decodedURI()
    _ = try? (message.callID(), message.cseq(), message.maxForwards())
    _ = try? (message.contacts(), message.routes(), message.recordRoutes())
    _ = try? message.contentType()?.boundary
    _ = try? (message.tokens(.supported), message.seconds(.expires))
    for header in message.headers { decodeValue(header.value) }
    if let type = try? message.contentType(), type.isMultipart { splitBody(message.body, type) }
}

/// Parts lie inside, in order, and do not overlap.
private func splitBody(_ body: ArraySlice<UInt8>, _ type: MediaType) {
    guard let multipart = try? MultipartBody(body, type: type) else { return }
    precondition(multipart.parts.count <= MultipartBody.partLimit)
    var last = body.startIndex
    for part in multipart.parts {
        precondition(part.whole.lowerBound >= last && part.whole.upperBound <= body.endIndex)
        precondition(part.content.lowerBound >= part.whole.lowerBound)
        precondition(part.content.upperBound <= part.whole.upperBound)
        _ = (part.mediaType, part.isRequired, part.isEncoded)
        last = part.whole.upperBound
    }
}

/// What a message says by name is what stands in its lines.
func checkNames(_ message: SIPMessage) {
    for (header, spelled) in zip(message.headers, message.spelledHeaders) {
        precondition(HeaderName(bytes: spelled.name) == header.name)
        precondition(spelled.value == header.value && message.first(header.name) != nil)
        precondition(HeaderName(bytes: header.name.description.utf8) == header.name)
        if let letter = header.name.compact {
            precondition(HeaderName(bytes: [letter]) == header.name)
        }
    }
    for name in names {
        let lines = message.lines(name)
        precondition(message.first(name) == lines.first)
        precondition(message.all(name).count >= lines.count)
        precondition(name.isList || message.all(name) == lines)
    }
    if let tags = try? message.tokens(.supported) {
        let has100rel = tags.contains { ASCII.equalsIgnoringCase($0, "100rel") }
        precondition(message.lists(.supported, "100rel") == has100rel)
    }
    if let cause = message.q850Cause { precondition((1...127).contains(cause)) }
    if let session = try? message.sessionExpires() {
        precondition(message.first(.sessionExpires).flatMap { try? SessionExpires($0) } == session)
    }
    if let rAck = try? message.rAck() {
        precondition(message.first(.rAck).flatMap { try? RAck($0) } == rAck)
    }
    precondition((try? message.rSeq()) != 0)
    checkPairs(message)
}

/// Two URIs of a message are the same from both sides, and so are their hosts.
private func checkPairs(_ message: SIPMessage) {
    var addresses = [try? message.from(), try? message.to()].compactMap(\.self)
    for case .address(let contact) in (try? message.contacts())?.prefix(2) ?? [] {
        addresses.append(contact)
    }
    var uris = addresses.compactMap { try? SIPURI($0.uri) }
    if let uri = try? SIPURI(message.requestURI) { uris.append(uri) }
    for (position, left) in uris.enumerated() {
        for right in uris[position...] {
            precondition(left.isEquivalent(to: right) == right.isEquivalent(to: left))
            precondition(left.host != right.host || Set([left.host]).contains(right.host))
        }
    }
}

/// As everything that a value can be.
func decodeValue(_ value: ArraySlice<UInt8>) {
    decode(value) { value throws(SIPParseError) in try MediaType(value).boundary }
    decode(value) { value throws(SIPParseError) in try TokenValue(value).parameters.value("cause") }
    decode(value) { value throws(SIPParseError) in try RetryAfter(value).seconds }
    if let cseq = decode(value, CSeq.init(_:)) {
        precondition((try? CSeq(cseq.bytes[...])) == cseq)
    }
    if let rAck = decode(value, RAck.init(_:)) {
        precondition(rAck.response > 0 && (try? RAck(rAck.bytes[...])) == rAck)
    }
    if let session = decode(value, SessionExpires.init(_:)) {
        precondition((try? SessionExpires(session.bytes[...])) == session)
    }
    if let date = decode(value, SIPDate.init(_:)) {
        precondition((try? SIPDate(date.bytes[...])) == date)
        precondition(SIPDate(secondsSince1970: date.secondsSince1970) == date)
    }
    if let via = decode(value, Via.init(_:)) { check(via) }
    if let challenge = decode(value, Challenge.init(_:)) {
        for text in [challenge.text("realm"), challenge.text("nonce")].compactMap(\.self) {
            // A line end is a space in quotes.
            let line = text.map { $0 == 0x0d || $0 == 0x0a ? 0x20 : $0 }
            precondition(QuotedString.unquoted(QuotedString.quoted(text)[...]) == line)
        }
    }
    if let diversion = decode(value, Diversion.init(_:)) {
        precondition((try? Diversion(diversion.bytes[...]))?.bytes == diversion.bytes)
        let parts = Diversion(
            displayName: diversion.displayName, uri: diversion.uri, reason: diversion.reason,
            count: diversion.count, isPrivate: diversion.isPrivate)
        precondition(parts.bytes == diversion.bytes)
    }
    if let entry = decode(value, HistoryInfo.init(_:)) {
        precondition((try? HistoryInfo(entry.bytes[...]))?.bytes == entry.bytes)
        let plain = HistoryInfo(uri: entry.uri, index: entry.index)
        let again = try? HistoryInfo(plain.bytes[...])
        precondition(again?.uri == entry.uri && again?.index == entry.index)
    }
    decode(value) { value throws(SIPParseError) in try URI.parse(value) }
        .map { check($0, value) }
    if let address = decode(value, { value throws(SIPParseError) in try NameAddr(value) }) {
        precondition(address.bytes == value)
    }
}

/// A fault lies inside of the value, and there are words for it.
@discardableResult
private func decode<Value>(
    _ value: ArraySlice<UInt8>,
    _ read: (ArraySlice<UInt8>) throws(SIPParseError) -> Value
) -> Value? {
    do throws(SIPParseError) {
        return try read(value)
    } catch {
        precondition((value.startIndex...value.endIndex).contains(error.offset))
        precondition(!FaultTable.text(error.code).isEmpty)
        return nil
    }
}

private func check(_ via: Via) {
    precondition(via.responsePort == nil || via.wantsResponsePort)
    precondition(!via.hasUniqueBranch || via.branch != nil)
    precondition(via.received == nil || via.parameters.has("received"))
}

private func check(_ uri: URI, _ value: ArraySlice<UInt8>) {
    switch uri {
    case .sip(let sip):
        precondition(sip.isEquivalent(to: sip) && sip.isLooseRouter == sip.parameters.has("lr"))
        precondition(sip.transport == sip.parameters["transport"]?.value)
        let target = try? SIPURI(SIPURI.requestURI(value)[...])
        precondition(target?.host == sip.host && target?.headers.isEmpty == true)
    case .tel(let tel): precondition(!tel.digits.isEmpty)
    case .other(let scheme, _): precondition(!scheme.isEmpty)
    }
}
