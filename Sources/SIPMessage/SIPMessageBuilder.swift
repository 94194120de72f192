// SPDX-License-Identifier: Apache-2.0

/// Writes one message: start line, header fields in the order added, Content-Length, body.
///
/// A CR or LF in a value becomes a space, so that no value can end its line.
public struct SIPMessageBuilder: Sendable {
    private var bytes: [UInt8] = []

    /// A request.
    public init(request method: Method, uri: some Sequence<UInt8>) {
        self.bytes.reserveCapacity(1_024)
        self.bytes += method.bytes
        self.bytes.append(0x20)
        self.appendValue(uri)
        self.bytes += " SIP/2.0\r\n".utf8
    }

    /// A response; `status` is 100 to 699.
    public init(status: Int, reason: some Sequence<UInt8>) {
        self.bytes.reserveCapacity(1_024)
        self.bytes += "SIP/2.0 ".utf8
        self.bytes += ASCII.digits(UInt32(clamping: min(max(status, 100), 699)))
        self.bytes.append(0x20)
        self.appendValue(reason)
        self.bytes += [0x0d, 0x0a]
    }

    /// A response with a reason phrase as text.
    public init(status: Int, reason: String) {
        self.init(status: status, reason: reason.utf8)
    }

    /// Adds a header field. Content-Length is left out: `finish` writes it.
    public mutating func add(_ name: HeaderName, _ value: some Sequence<UInt8>) {
        guard name != .contentLength else { return }
        self.bytes += name.bytes
        self.bytes += [0x3a, 0x20]
        self.appendValue(value)
        self.bytes += [0x0d, 0x0a]
    }

    /// Adds a header field whose name is spelled so: peers exist that compare it octet by octet.
    /// Content-Length is left out, as is what is no token.
    public mutating func add(spelled name: some Collection<UInt8>, _ value: some Sequence<UInt8>) {
        guard !name.isEmpty, name.allSatisfy(ByteSet.token.contains),
            HeaderName(bytes: name) != .contentLength
        else { return }
        self.bytes += name
        self.bytes += [0x3a, 0x20]
        self.appendValue(value)
        self.bytes += [0x0d, 0x0a]
    }

    /// Adds a header field whose value is text.
    public mutating func add(_ name: HeaderName, _ value: String) {
        self.add(name, value.utf8)
    }

    /// Adds a header field whose value is a number.
    public mutating func add(_ name: HeaderName, _ value: UInt32) {
        self.add(name, ASCII.digits(value))
    }

    /// Adds every line of a header, values as in `message`, folds taken out.
    public mutating func copy(all name: HeaderName, from message: SIPMessage) {
        for value in message.lines(name) { self.add(name, value) }
    }

    /// Adds every header field of `message` except those named and Content-Length.
    public mutating func copy(from message: SIPMessage, except names: Set<HeaderName>) {
        for header in message.headers where !names.contains(header.name) {
            self.add(header.name, header.value)
        }
    }

    /// The message without a body.
    public consuming func finish() -> [UInt8] {
        self.bytes += "Content-Length: 0\r\n\r\n".utf8
        return self.bytes
    }

    /// The message with a body.
    public consuming func finish(
        body: some Collection<UInt8>, contentType: some Collection<UInt8>
    ) -> [UInt8] {
        self.add(.contentType, contentType)
        self.bytes += "Content-Length: ".utf8
        self.bytes += ASCII.digits(UInt32(clamping: body.count))
        self.bytes += [0x0d, 0x0a, 0x0d, 0x0a]
        self.bytes += body
        return self.bytes
    }

    /// The message with a body whose type is text.
    public consuming func finish(body: some Collection<UInt8>, contentType: String) -> [UInt8] {
        self.finish(body: body, contentType: Array(contentType.utf8))
    }

    /// Copied as a whole: unspecialised, an iterator would allocate for every octet.
    private mutating func appendValue(_ value: some Sequence<UInt8>) {
        let start = self.bytes.count
        self.bytes.append(contentsOf: value)
        for index in start..<self.bytes.count
        where self.bytes[index] == 0x0d || self.bytes[index] == 0x0a {
            self.bytes[index] = 0x20
        }
    }
}
