// SPDX-License-Identifier: Apache-2.0

/// One SIP message: its octets and where things stand in them. Values are decoded on demand.
///
/// Every slice that comes out of a message has the message's own indices, so that the index of a
/// fault in a value is its offset in the message.
public struct SIPMessage: Sendable {
    /// The first line (RFC 3261 sections 7.1 and 7.2).
    public enum StartLine: Sendable, Hashable {
        /// A request; `uri` is where the Request-URI stands in `bytes`.
        case request(Method, uri: Range<Int>)
        /// A response; `reason` is where the reason phrase stands in `bytes`.
        case response(status: Int, reason: Range<Int>)
    }

    /// The message as received, without octets before or after it.
    public let bytes: [UInt8]
    /// The start line.
    public let startLine: StartLine
    /// `bytes`, with spaces in place of the line ends of folded header fields.
    let text: [UInt8]
    let fields: [HeaderField]
    let bodyRange: Range<Int>
    /// `examine` accepted it: From and To are not looked through again.
    var isExamined = false

    init(
        bytes: [UInt8], text: [UInt8], startLine: StartLine, fields: [HeaderField],
        bodyRange: Range<Int>
    ) {
        self.bytes = bytes
        self.text = text
        self.startLine = startLine
        self.fields = fields
        self.bodyRange = bodyRange
    }

    /// Splits a message into start line, header fields and body.
    ///
    /// Checks structure: line ends, start line, header names, Content-Length, limits. Values are
    /// checked by their decoders, all of what matters at once by `examine`. In datagrams octets
    /// after Content-Length are cut off (RFC 3261 section 18.3); in a stream they are a fault of
    /// the caller, who frames with `StreamFramer`, and cut off as well.
    public static func parse(
        _ bytes: [UInt8], framing: Framing
    ) throws(SIPParseError) -> SIPMessage {
        let split = MessageSplitter.split(bytes, framing: framing)
        if let fault = split.fault { throw fault }
        guard let startLine = split.startLine else {
            throw SIPParseError(.startLineSyntax, at: 0)
        }
        return SIPMessage(
            bytes: split.bytes, text: split.text, startLine: startLine, fields: split.fields,
            bodyRange: split.body)
    }

    /// True for a request.
    public var isRequest: Bool {
        if case .request = self.startLine { return true }
        return false
    }

    /// The method of a request; nil for a response (its CSeq names one).
    public var method: Method? {
        if case .request(let method, _) = self.startLine { return method }
        return nil
    }

    /// The status code of a response, 100 to 699; nil for a request.
    public var status: Int? {
        if case .response(let status, _) = self.startLine { return status }
        return nil
    }

    /// The Request-URI of a request, empty for a response.
    public var requestURI: ArraySlice<UInt8> {
        guard case .request(_, let uri) = self.startLine else { return [] }
        return self.text[uri]
    }

    /// The reason phrase of a response, empty for a request.
    public var reasonPhrase: ArraySlice<UInt8> {
        guard case .response(_, let reason) = self.startLine else { return [] }
        return self.text[reason]
    }

    /// The body, as long as Content-Length says.
    public var body: ArraySlice<UInt8> { self.text[self.bodyRange] }

    /// The value of the first line with that name, without surrounding white space.
    public func first(_ name: HeaderName) -> ArraySlice<UInt8>? {
        for field in self.fields where self.matches(field, name) {
            return self.value(field)
        }
        return nil
    }

    /// All values of a header: one for each line, or for each element of a comma list.
    ///
    /// Splitting is lenient: an element may be empty or malformed. Quoted strings and angle
    /// brackets hide commas.
    public func all(_ name: HeaderName) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        let isList = name.isList
        for field in self.fields where self.matches(field, name) {
            if isList {
                CommaList.split(self.value(field), into: &values)
            } else {
                values.append(self.value(field))
            }
        }
        return values
    }

    /// The values of a header line by line, commas untouched.
    public func lines(_ name: HeaderName) -> [ArraySlice<UInt8>] {
        self.fields.filter { self.matches($0, name) }.map(self.value)
    }

    /// Every header line in order, for those who copy a message.
    public var headers: [(name: HeaderName, value: ArraySlice<UInt8>)] {
        self.fields.map { (self.name($0), self.value($0)) }
    }

    /// Every header line in order, names as they are spelled.
    public var spelledHeaders: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] {
        self.fields.map {
            (self.text[Int($0.nameStart)..<Int($0.nameEnd)], self.value($0))
        }
    }

    func value(_ field: HeaderField) -> ArraySlice<UInt8> {
        self.text[Int(field.valueStart)..<Int(field.valueEnd)]
    }

    func name(_ field: HeaderField) -> HeaderName {
        field.code != 0
            ? HeaderName(code: field.code)
            : HeaderName(bytes: self.text[Int(field.nameStart)..<Int(field.nameEnd)])
    }

    func matches(_ field: HeaderField, _ name: HeaderName) -> Bool {
        guard field.code == name.code else { return false }
        return field.code != 0
            || ASCII.equalsIgnoringCase(
                self.text[Int(field.nameStart)..<Int(field.nameEnd)], name.bytes)
    }
}

/// How a message arrives: what Content-Length and trailing octets mean depends on it.
public enum Framing: Sendable, Hashable {
    /// One message in a datagram (UDP).
    case datagram
    /// A message cut out of a stream (TCP, TLS, WebSocket excepted).
    case stream
}
