// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// The description as bytes, lines in the order of RFC 8866 section 9, ended by CRLF.
    public func serialise() -> [UInt8] {
        var out = LineWriter()
        out.line("v", .zero)
        let o = self.origin
        out.line(
            "o", o.user, o.sessionID, o.version, o.networkType, o.addressType, o.address)
        out.line("s", self.name)
        out.optional("i", self.information)
        out.optional("u", self.uri)
        self.emails.forEach { out.line("e", $0) }
        self.phones.forEach { out.line("p", $0) }
        self.connection.map { out.connection($0) }
        self.bandwidths.forEach { out.bandwidth($0) }
        for timing in self.timings {
            out.line("t", timing.start, timing.stop)
            timing.repeats.forEach { out.line("r", $0) }
        }
        if self.timings.isEmpty { out.line("t", .zero, .zero) }
        out.optional("z", self.zones)
        out.optional("k", self.key)
        self.attributes.forEach { out.attribute($0) }
        self.media.forEach { out.media($0) }
        return out.bytes
    }
}

private struct LineWriter {
    var bytes: [UInt8] = []

    init() { self.bytes.reserveCapacity(512) }

    mutating func line(_ type: StaticString, _ words: SDPText...) {
        self.begin(type)
        for (index, word) in words.enumerated() {
            if index > 0 { self.bytes.append(ASCII.space) }
            self.bytes += word.bytes
        }
        self.end()
    }

    mutating func optional(_ type: StaticString, _ value: SDPText?) {
        if let value { self.line(type, value) }
    }

    mutating func connection(_ connection: Connection) {
        self.line("c", connection.networkType, connection.addressType, connection.address)
    }

    mutating func bandwidth(_ bandwidth: Bandwidth) {
        self.begin("b")
        self.bytes += bandwidth.type.bytes
        self.bytes.append(ASCII.colon)
        self.bytes += SDPText(bandwidth.value).bytes
        self.end()
    }

    mutating func attribute(_ attribute: Attribute) {
        self.begin("a")
        self.bytes += attribute.name.bytes
        if let value = attribute.value {
            self.bytes.append(ASCII.colon)
            self.bytes += value.bytes
        }
        self.end()
    }

    mutating func media(_ media: MediaDescription) {
        self.begin("m")
        self.bytes += media.kind.bytes
        self.bytes.append(ASCII.space)
        self.bytes += SDPText(media.port).bytes
        if let count = media.portCount {
            self.bytes.append(ASCII.slash)
            self.bytes += SDPText(count).bytes
        }
        self.bytes.append(ASCII.space)
        self.bytes += media.transport.bytes
        for format in media.formats {
            self.bytes.append(ASCII.space)
            self.bytes += format.bytes
        }
        self.end()
        self.optional("i", media.information)
        media.connections.forEach { self.connection($0) }
        media.bandwidths.forEach { self.bandwidth($0) }
        self.optional("k", media.key)
        media.attributes.forEach { self.attribute($0) }
    }

    private mutating func begin(_ type: StaticString) {
        type.withUTF8Buffer { self.bytes += $0 }
        self.bytes.append(ASCII.equals)
    }

    private mutating func end() {
        self.bytes.append(ASCII.cr)
        self.bytes.append(ASCII.lf)
    }
}
