// SPDX-License-Identifier: Apache-2.0

// Decoders. Each throws the code for a missing header at the end of the header section.
extension SIPMessage {
    /// Where the offset of something that is absent points: the end of the header section.
    var headerEnd: Int { self.bodyRange.lowerBound }

    private func required(
        _ name: HeaderName, _ missing: SIPParseError.Code
    ) throws(SIPParseError) -> ArraySlice<UInt8> {
        guard let value = self.first(name) else { throw SIPParseError(missing, at: self.headerEnd) }
        return value
    }

    /// The topmost Via.
    public func topVia() throws(SIPParseError) -> Via {
        let line = try self.required(.via, .viaMissing)
        var values: [ArraySlice<UInt8>] = []
        CommaList.split(line, into: &values)
        return try Via(values.first ?? line)
    }

    /// Every Via, topmost first. Empty where there is none.
    public func vias() throws(SIPParseError) -> [Via] {
        var vias: [Via] = []
        for value in self.all(.via) { vias.append(try Via(value)) }
        return vias
    }

    /// From.
    public func from() throws(SIPParseError) -> NameAddr {
        let address = try NameAddr(
            self.required(.from, .fromMissing), isExamined: self.isExamined)
        try address.checkTag()
        return address
    }

    /// To.
    public func to() throws(SIPParseError) -> NameAddr {
        let address = try NameAddr(
            self.required(.to, .toMissing), isExamined: self.isExamined)
        try address.checkTag()
        return address
    }

    /// Call-ID: word [ "@" word ].
    public func callID() throws(SIPParseError) -> ArraySlice<UInt8> {
        let value = try self.required(.callID, .callIDMissing)
        var cursor = Cursor(value)
        _ = try cursor.require(.word, .callIDSyntax)
        if cursor.take(UInt8(ascii: "@")) { _ = try cursor.require(.word, .callIDSyntax) }
        try cursor.requireEnd(.callIDSyntax)
        return value
    }

    /// CSeq.
    public func cseq() throws(SIPParseError) -> CSeq {
        try CSeq(self.required(.cSeq, .cseqMissing))
    }

    /// Max-Forwards, 0 to 255; nil where absent.
    public func maxForwards() throws(SIPParseError) -> Int? {
        guard let value = self.first(.maxForwards) else { return nil }
        guard let number = ASCII.number(value, limit: 255) else {
            throw SIPParseError(.maxForwardsSyntax, at: value.startIndex)
        }
        return Int(number)
    }

    /// Every Contact. "*" stands alone (RFC 3261 section 20.10).
    public func contacts() throws(SIPParseError) -> [Contact] {
        let values = self.all(.contact)
        var contacts: [Contact] = []
        for value in values {
            if value.elementsEqual([UInt8(ascii: "*")]) {
                guard values.count == 1 else {
                    throw SIPParseError(.contactStar, at: value.startIndex)
                }
                contacts.append(.all)
            } else {
                contacts.append(.address(try NameAddr(value)))
            }
        }
        return contacts
    }

    /// Route, topmost first.
    public func routes() throws(SIPParseError) -> [NameAddr] { try self.routeList(.route) }

    /// Record-Route, topmost first.
    public func recordRoutes() throws(SIPParseError) -> [NameAddr] {
        try self.routeList(.recordRoute)
    }

    private func routeList(_ name: HeaderName) throws(SIPParseError) -> [NameAddr] {
        var routes: [NameAddr] = []
        for value in self.all(name) {
            routes.append(try NameAddr(value, bracketsRequired: true))
        }
        return routes
    }

    /// Content-Type; nil where absent.
    public func contentType() throws(SIPParseError) -> MediaType? {
        guard let value = self.first(.contentType) else { return nil }
        return try MediaType(value)
    }

    /// The tokens of a list such as Require, Supported, Allow.
    public func tokens(_ name: HeaderName) throws(SIPParseError) -> [ArraySlice<UInt8>] {
        let values = self.all(name)
        // The grammar lets Supported, Allow and Accept be empty.
        if values.count == 1, values[0].isEmpty { return [] }
        for value in values {
            var cursor = Cursor(value)
            _ = try cursor.require(.token, .tokenListSyntax)
            try cursor.requireEnd(.tokenListSyntax)
        }
        return values
    }

    /// Seconds of a header such as Expires or Min-SE; nil where absent. Parameters are ignored.
    public func seconds(_ name: HeaderName) throws(SIPParseError) -> UInt32? {
        guard let value = self.first(name) else { return nil }
        let digits = value.prefix(while: ByteSet.digit.contains)
        guard let number = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
            throw SIPParseError(.numberSyntax, at: value.startIndex)
        }
        return UInt32(truncatingIfNeeded: number)
    }
}
