// SPDX-License-Identifier: Apache-2.0

/// What the box would do with the octets of one message.
public enum Verdict: Sendable, Hashable {
    /// Well-formed, and nothing in it alone calls for a refusal.
    case accept
    /// A request to be answered with this status and reason phrase; offset of the fault.
    case reject(status: Int, reason: String, offset: Int)
    /// To be thrown away in silence: a faulty response, a faulty ACK, or no SIP at all.
    case drop(reason: String, offset: Int)

    /// What is wrong, for people; empty where nothing is.
    public var reason: String {
        switch self {
        case .accept: ""
        case .reject(_, let reason, _), .drop(let reason, _): reason
        }
    }
}

/// What a user agent server that is about to process these octets says of them.
///
/// `FaultTable` alone maps a fault to its answer. Faulty responses are dropped, and so are faulty
/// ACKs, which no response may answer (RFC 3261 section 17.1.1.3).
public func examine(_ bytes: [UInt8], framing: Framing) -> Verdict {
    let split = MessageSplitter.split(bytes, framing: framing)
    guard let startLine = split.startLine else {
        let fault = split.fault ?? SIPParseError(.startLineSyntax, at: 0)
        return FaultTable.verdict(fault, answerable: true)
    }
    let message = SIPMessage(
        bytes: split.bytes, text: split.text, startLine: startLine, fields: split.fields,
        bodyRange: split.body)
    guard let fault = split.fault ?? MessageExaminer.fault(of: message) else { return .accept }
    return FaultTable.verdict(
        fault, answerable: message.isRequest && message.method != .ack)
}

/// What the box would do with the messages of one stream, in order.
///
/// Offsets count from the first octet of the stream. Line ends between messages get no verdict. A
/// stream that ends inside a message ends with a drop, one that loses its framing with the verdict
/// on the octets where it did, after which the connection is closed.
public func examineStream(_ bytes: [UInt8]) -> [Verdict] {
    var framer = StreamFramer()
    framer.append(bytes)
    var verdicts: [Verdict] = []
    while true {
        switch framer.next() {
        case .keepAlive: continue
        case .message(let message):
            verdicts.append(examine(message, framing: .stream).moved(by: framer.itemOffset))
        case .failure(let fault, let octets):
            let verdict = FaultTable.verdict(fault, octets: octets)
            return verdicts + [verdict.moved(by: framer.itemOffset)]
        case .needMore:
            guard framer.pendingBytes > 0 else { return verdicts }
            let fault = SIPParseError(.incomplete, at: bytes.count)
            return verdicts + [FaultTable.verdict(fault, answerable: false)]
        }
    }
}

extension Verdict {
    /// The same with the offset counted from `base` octets earlier.
    func moved(by base: Int) -> Verdict {
        switch self {
        case .accept: .accept
        case .reject(let status, let reason, let offset):
            .reject(status: status, reason: reason, offset: offset + base)
        case .drop(let reason, let offset): .drop(reason: reason, offset: offset + base)
        }
    }
}

extension SIPMessage {
    /// The verdict on a message that is parsed already.
    public func examine() -> Verdict {
        guard let fault = MessageExaminer.fault(of: self) else { return .accept }
        return FaultTable.verdict(fault, answerable: self.isRequest && self.method != .ack)
    }
}
