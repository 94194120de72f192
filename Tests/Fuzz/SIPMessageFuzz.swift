// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for the message parser; README.md says how to build it. It is compiled into
// one module with Sources/SIPMessage and SIPValueFuzz.swift, which looks at the values.

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
            if framing == .datagram {
                decodeEverything(message)
                checkNames(message)
            }
            checkLimits(message)
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

/// Under narrower limits only what keeps them is accepted.
private func checkLimits(_ message: SIPMessage) {
    var limits = MessageLimits()
    limits.messageBytes = 1_024
    limits.uriBytes = 32
    limits.headerBytes = 80
    let isInside =
        message.bytes.count <= limits.messageBytes && message.requestURI.count <= limits.uriBytes
        && message.headers.allSatisfy {
            $0.name.bytes.count + 2 + $0.value.count <= limits.headerBytes
        }
    var narrow = message
    let verdict = narrow.examine(limits)
    checkOffset(verdict, message.bytes.count)
    precondition((verdict == .accept) == (isInside && message.examine() == .accept))
}

/// What was accepted is accepted again when it is written anew, with names as they are in the
/// table and as they were spelled.
private func checkCopy(_ message: SIPMessage) {
    var copy = start(message)
    copy.copy(from: message, except: [.contentType, .maxForwards])
    if let hops = try? message.maxForwards() { copy.add(.maxForwards, UInt32(hops)) }
    let type = message.first(.contentType)
    checkAgain(
        type.map { copy.finish(body: message.body, contentType: $0) } ?? copy.finish(), message)
    var spelled = start(message)
    for header in message.spelledHeaders { spelled.add(spelled: header.name, header.value) }
    checkAgain(spelled.finish(), message)
}

private func start(_ message: SIPMessage) -> SIPMessageBuilder {
    switch message.startLine {
    case .request(let method, _): SIPMessageBuilder(request: method, uri: message.requestURI)
    case .response(let status, _):
        SIPMessageBuilder(status: status, reason: message.reasonPhrase)
    }
}

private func checkAgain(_ bytes: [UInt8], _ message: SIPMessage) {
    guard bytes.count <= SIPLimits.messageBytes else { return }
    do throws(SIPParseError) {
        let again = try SIPMessage.parse(bytes, framing: .stream)
        precondition(again.examine() == .accept && again.status == message.status)
        precondition(again.method == message.method)
        let hops = (try again.maxForwards(), try message.maxForwards())
        precondition(hops.0 == hops.1)
        for header in message.headers
        where header.name != .contentLength && header.name != .maxForwards {
            precondition(again.lines(header.name) == message.lines(header.name))
        }
    } catch {
        // Names are longer in the table than their letters.
        precondition(error.code == .headerTooLong)
    }
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
    if case .failure(let fault, _) = whole.last, fault.code == .keepAliveFlood { return }
    precondition(items([bytes], forgiving: true) == whole)
}

private let bytesBehind = Array("OPTIONS sip:a SIP/2.0\r\nl:0\r\n\r\n".utf8)

private func items(_ parts: [[UInt8]], forgiving: Bool = false) -> [StreamFramer.Item] {
    var framer = StreamFramer()
    var items: [StreamFramer.Item] = []
    for part in parts {
        framer.append(part)
        while true {
            let item = framer.next()
            if item == .needMore { break }
            items.append(item)
            if forgiving { framer.forgiveKeepAlives() }
            guard case .failure(let fault, _) = item else { continue }
            // What comes behind it changes nothing.
            framer.append(bytesBehind)
            precondition(framer.next() == .failure(fault, octets: []))
            return items
        }
    }
    return items
}
