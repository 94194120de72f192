// SPDX-License-Identifier: Apache-2.0

/// Where one header field stands. Offsets fit 32 bits: `SIPLimits.messageBytes` bounds them.
struct HeaderField: Sendable {
    /// As in `HeaderName.code`.
    var code: UInt8
    var nameStart: UInt32
    var nameEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
}

/// One pass over the octets of a message.
///
/// Goes on behind a faulty line, so that a rejection can still echo the header fields that a
/// response needs; the first fault is kept.
struct MessageSplitter {
    private(set) var bytes: [UInt8]
    private(set) var text: [UInt8]
    private(set) var startLine: SIPMessage.StartLine?
    private(set) var fields: [HeaderField] = []
    private(set) var body: Range<Int> = 0..<0
    private(set) var fault: SIPParseError?
    /// Where the start line begins, behind line ends that are ignored.
    private var start = 0

    /// Offsets count from the first octet given, keep-alives in front included.
    static func split(_ bytes: [UInt8], framing: Framing) -> MessageSplitter {
        var splitter = MessageSplitter(bytes: bytes, text: bytes)
        splitter.run(framing)
        return splitter
    }

    private init(bytes: [UInt8], text: [UInt8]) {
        self.bytes = bytes
        self.text = text
    }

    private mutating func note(_ code: SIPParseError.Code, at offset: Int) {
        if self.fault == nil { self.fault = SIPParseError(code, at: offset) }
    }

    private mutating func run(_ framing: Framing) {
        var start = 0
        while start + 1 < self.bytes.count, self.bytes[start] == 0x0d, self.bytes[start + 1] == 0x0a
        {
            start += 2
        }
        guard start < self.bytes.count else { return self.note(.empty, at: 0) }
        guard self.bytes.count - start <= SIPLimits.messageBytes else {
            // What lies within the limit is still split: the answer needs its header fields.
            self.note(.messageTooLarge, at: start + SIPLimits.messageBytes)
            self.bytes = Array(self.bytes[..<(start + SIPLimits.messageBytes)])
            self.text = self.bytes
            return self.lines(from: start, framing)
        }
        self.lines(from: start, framing)
    }

    private mutating func lines(from start: Int, _ framing: Framing) {
        self.start = start
        let scan = LineScanner.scan(self.bytes.span, from: start)
        if let fault = scan.startFault { self.note(fault.code, at: fault.offset) }
        let line = StartLineParser.parse(self.bytes, start..<scan.startLineEnd)
        switch line {
        case .success(let value):
            self.startLine = value.line
            if let fault = value.fault { self.note(fault.code, at: fault.offset) }
        case .failure(let fault): self.note(fault.code, at: fault.offset)
        }
        if let fault = scan.fault { self.note(fault.code, at: fault.offset) }
        self.fields = scan.fields
        for fold in scan.folds where fold + 1 < self.text.count {
            self.text[fold] = 0x20
            self.text[fold + 1] = 0x20
        }
        guard let bodyStart = scan.bodyStart else {
            return self.unterminated(framing)
        }
        self.frameBody(from: bodyStart, framing)
    }

    /// The octets end inside the header section.
    private mutating func unterminated(_ framing: Framing) {
        let end = self.bytes.count
        self.body = end..<end
        // Two messages in the archive of RFC 5118 (section 4.10) end with their last header line:
        // the end of a datagram closes the section where a length of zero says that it is whole.
        let endsALine = end >= 2 && self.bytes[end - 2] == 0x0d && self.bytes[end - 1] == 0x0a
        if framing == .datagram, endsALine, self.contentLength()?.value == 0 { return }
        self.note(framing == .stream ? .incomplete : .headersUnterminated, at: end)
    }

    private mutating func frameBody(from bodyStart: Int, _ framing: Framing) {
        let available = self.bytes.count - bodyStart
        self.body = bodyStart..<self.bytes.count
        guard let length = self.contentLength() else {
            if framing == .stream, !self.fields.contains(where: { $0.code == Self.lengthCode }) {
                self.note(.contentLengthMissing, at: bodyStart)
            }
            return
        }
        guard length.value <= SIPLimits.messageBytes - (bodyStart - self.start) else {
            return self.note(.messageTooLarge, at: length.offset)
        }
        guard length.value <= available else {
            let code: SIPParseError.Code = framing == .stream ? .incomplete : .bodyTooShort
            return self.note(code, at: framing == .stream ? self.bytes.count : length.offset)
        }
        self.body = bodyStart..<(bodyStart + length.value)
        if length.value < available {
            self.bytes.removeSubrange(self.body.upperBound...)
            self.text.removeSubrange(self.body.upperBound...)
        }
    }

    /// What the header section of a message in a stream says of its body. The value of
    /// Content-Length and where it stands, or why the framing is lost.
    static func announcedLength(
        _ header: [UInt8]
    ) -> Result<(value: Int, offset: Int), SIPParseError> {
        var splitter = MessageSplitter(bytes: header, text: header)
        let scan = LineScanner.scan(header.span, from: 0)
        splitter.fields = scan.fields
        if let length = splitter.contentLength() { return .success(length) }
        return .failure(splitter.fault ?? SIPParseError(.contentLengthMissing, at: header.count))
    }

    private static let lengthCode = HeaderName.contentLength.code

    private mutating func contentLength() -> (value: Int, offset: Int)? {
        var found: (value: Int, offset: Int)?
        for field in self.fields where field.code == Self.lengthCode {
            let start = Int(field.valueStart)
            let digits = self.text[start..<Int(field.valueEnd)]
            if found != nil {
                self.note(.contentLengthRepeated, at: Int(field.nameStart))
                return nil
            }
            guard let value = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
                self.note(.contentLengthSyntax, at: start)
                return nil
            }
            found = (Int(value), start)
        }
        return found
    }
}
