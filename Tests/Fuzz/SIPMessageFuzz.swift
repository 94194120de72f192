// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for the message parser; README.md says how to build it. It is compiled into
// one module with Sources/SIPMessage.

/// One input: every entry of the module that takes octets from the network, and what has to hold
/// whatever they are.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSIPMessage(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    #if COST
        // What a receiver does once with what came, and a stream that comes octet by octet.
        if let message = try? SIPMessage.parse(bytes, framing: .stream) {
            _ = message.examine()
            decodeEverything(message)
        }
        _ = items(bytes.map { [$0] })
        return 0
    #else
        return check(bytes)
    #endif
}

private func check(_ bytes: [UInt8]) -> CInt {
    for framing in [Framing.datagram, .stream] {
        let verdict = examine(bytes, framing: framing)
        checkOffset(verdict, bytes.count)
        if let message = try? SIPMessage.parse(bytes, framing: framing) {
            decodeEverything(message)
            if verdict == .accept {
                checkCopy(message)
                checkExamined(message)
            }
        }
        checkRejection(bytes, framing)
    }
    for verdict in examineStream(bytes) { checkOffset(verdict, bytes.count) }
    checkFramer(bytes)
    decodeValue(bytes[...])
    return 0
}

private func checkOffset(_ verdict: Verdict, _ count: Int) {
    switch verdict {
    case .accept: break
    case .reject(let status, _, let offset):
        precondition((400...699).contains(status) && (0...count).contains(offset))
    case .drop(_, let offset): precondition((0...count).contains(offset))
    }
}

private func decodeEverything(_ message: SIPMessage) {
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

/// What is taken as it is after `examine` is what its decoder finds.
private func checkExamined(_ message: SIPMessage) {
    var examined = message
    guard examined.examine(MessageLimits()) == .accept else { return }
    for (before, after) in [
        (try? message.from(), try? examined.from()), (try? message.to(), try? examined.to()),
    ] {
        guard let before, let after else { fatalError("an accepted message without From or To") }
        precondition(before.displayName == after.displayName && before.uri == after.uri)
        precondition(before.tag == after.tag && before.bytes == after.bytes)
    }
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

private func decodeValue(_ value: ArraySlice<UInt8>) {
    _ = try? (Via(value), NameAddr(value), CSeq(value))
    _ = try? (MediaType(value), TokenValue(value))
    _ = try? RetryAfter(value)
    _ = try? Challenge(value).text("realm")
    if let diversion = try? Diversion(value) {
        precondition((try? Diversion(diversion.bytes[...]))?.bytes == diversion.bytes)
    }
    if let entry = try? HistoryInfo(value) {
        precondition((try? HistoryInfo(entry.bytes[...]))?.bytes == entry.bytes)
    }
    if let date = try? SIPDate(value) {
        precondition((try? SIPDate(date.bytes[...])) == date)
    }
    if let uri = try? SIPURI(value) { precondition(uri.isEquivalent(to: uri)) }
    if case .tel(let tel) = try? URI.parse(value) { precondition(!tel.digits.isEmpty) }
}

/// What was accepted is accepted again when it is written anew.
private func checkCopy(_ message: SIPMessage) {
    let builder: SIPMessageBuilder
    switch message.startLine {
    case .request(let method, _):
        builder = SIPMessageBuilder(request: method, uri: message.requestURI)
    case .response(let status, _):
        builder = SIPMessageBuilder(status: status, reason: message.reasonPhrase)
    }
    var copy = builder
    copy.copy(from: message, except: [.contentType])
    let type = message.first(.contentType)
    let bytes = type.map { copy.finish(body: message.body, contentType: $0) } ?? copy.finish()
    guard bytes.count <= SIPLimits.messageBytes else { return }
    precondition(examine(bytes, framing: .stream) == .accept)
}

/// An answer to a malformed request is itself well-formed down to the lines.
private func checkRejection(_ bytes: [UInt8], _ framing: Framing) {
    guard case .reject(let status, let reason, _) = examine(bytes, framing: framing) else { return }
    let answer = SIPMessageBuilder.rejection(
        of: bytes, framing: framing, status: status, reason: reason, toTag: Array("t".utf8))
    guard let answer else { return }
    do throws(SIPParseError) {
        let message = try SIPMessage.parse(answer, framing: .stream)
        precondition(message.status == status)
    } catch {
        precondition([.headerTooLong, .messageTooLarge, .tooManyHeaders].contains(error.code))
    }
}

/// A stream gives the same whole, in two parts and octet by octet.
private func checkFramer(_ bytes: [UInt8]) {
    let whole = items([bytes])
    let cut = bytes.isEmpty ? 0 : Int(bytes[0]) % (bytes.count + 1)
    precondition(items([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
    if bytes.count < 4_096 { precondition(items(bytes.map { [$0] }) == whole) }
}

private func items(_ parts: [[UInt8]]) -> [StreamFramer.Item] {
    var framer = StreamFramer()
    var items: [StreamFramer.Item] = []
    for part in parts {
        framer.append(part)
        while true {
            let item = framer.next()
            if item == .needMore { break }
            items.append(item)
            if case .failure = item { return items }
        }
    }
    return items
}
