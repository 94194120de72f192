// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

/// Reads a response of the DNS (RFC 1035 section 4). Its bytes come from anybody: every length is
/// checked, compression only points backwards, and no more than `recordsMax` records are looked at.
public enum DNSMessage {
    /// Records of one answer that are looked at; what follows is left out.
    public static let recordsMax = 256
    private static let headerBytes = 12
    private static let classIN: UInt16 = 1
    private static let typeCNAME: UInt16 = 5
    private static let typeSOA: UInt16 = 6

    /// The answer to a question; `ignored` grows by the records that are of no use, or too many.
    public static func answer(
        to question: DNSQuestion, _ bytes: [UInt8], ignored: inout UInt64
    ) -> DNSAnswer {
        do throws(DNSFormatError) {
            return try self.read(question, bytes, &ignored)
        } catch {
            return .failed(.malformed)
        }
    }

    private static func read(
        _ question: DNSQuestion, _ bytes: [UInt8], _ ignored: inout UInt64
    ) throws(DNSFormatError) -> DNSAnswer {
        var reader = DNSReader(bytes)
        _ = try reader.number16()
        let flags = try reader.number16()
        let questions = try reader.number16()
        let answers = Int(try reader.number16())
        let authorities = Int(try reader.number16())
        _ = try reader.number16()
        // A response to a standard query, whole, with our question.
        guard flags & 0xfa00 == 0x8000, questions == 1 else { throw DNSFormatError() }
        guard case .name(question.name) = try reader.name(),
            try reader.number16() == question.type.rawValue, try reader.number16() == self.classIN
        else { throw DNSFormatError() }
        switch flags & 15 {
        case 0, 3: break
        default: return .failed(.refused)
        }
        var records: [DNSRecord] = []
        for index in 0..<answers {
            guard index < self.recordsMax else {
                ignored &+= UInt64(answers - index)
                break
            }
            if let record = try self.record(&reader, question.type) {
                records.append(record)
            } else {
                ignored &+= 1
            }
        }
        if !records.isEmpty { return .records(records) }
        guard answers <= self.recordsMax else { return .nothing(ttl: nil) }
        return .nothing(ttl: self.negativeTTL(&reader, min(authorities, self.recordsMax)))
    }

    /// Nil for a record that is of no use.
    private static func record(
        _ reader: inout DNSReader, _ wanted: DNSRecordType
    ) throws(DNSFormatError) -> DNSRecord? {
        let head = try reader.recordHead()
        var data = try reader.section(head.length)
        guard case .name(let owner) = head.owner, head.recordClass == self.classIN else {
            return nil
        }
        if head.type == self.typeCNAME {
            guard case .name(let alias) = try data.name(), data.isAtEnd else { return nil }
            return DNSRecord(owner, ttl: head.ttl, .alias(alias))
        }
        guard head.type == wanted.rawValue else { return nil }
        switch wanted {
        case .a, .aaaa:
            guard head.length == (wanted == .a ? 4 : 16),
                let address = IPAddress(networkBytes: try data.take(head.length)),
                !address.isUnspecified, !address.isMulticast, address.isIPv4 == (wanted == .a)
            else { return nil }
            return DNSRecord(owner, ttl: head.ttl, .address(address))
        case .srv:
            guard let service = try self.service(&data) else { return nil }
            return DNSRecord(owner, ttl: head.ttl, .service(service))
        case .naptr:
            guard let authority = try self.authority(&data) else { return nil }
            return DNSRecord(owner, ttl: head.ttl, .authority(authority))
        }
    }

    private static func service(
        _ data: inout DNSReader
    ) throws(DNSFormatError) -> ServiceRecord? {
        let priority = try data.number16()
        let weight = try data.number16()
        let port = try data.number16()
        let target: DomainName?
        switch try data.name() {
        case .root: target = nil
        case .name(let name): target = name
        case .odd: return nil
        }
        guard data.isAtEnd, port > 0 || target == nil else { return nil }
        return ServiceRecord(priority: priority, weight: weight, port: port, target: target)
    }

    private static func authority(
        _ data: inout DNSReader
    ) throws(DNSFormatError) -> AuthorityRecord? {
        let order = try data.number16()
        let preference = try data.number16()
        let flags = try data.text()
        let service = try data.text()
        let expression = try data.text()
        let replacement: DomainName?
        switch try data.name() {
        case .root: replacement = nil
        case .name(let name): replacement = name
        case .odd: return nil
        }
        guard data.isAtEnd else { return nil }
        return AuthorityRecord(
            order: order, preference: preference, flags: flags, service: service,
            hasExpression: !expression.isEmpty, replacement: replacement)
    }

    /// RFC 2308 section 5: the lesser of the SOA record's own time and its last field. Nil where
    /// there is none that can be read; the answer stands all the same.
    private static func negativeTTL(_ reader: inout DNSReader, _ count: Int) -> UInt32? {
        for _ in 0..<count {
            guard let head = try? reader.recordHead(),
                var data = try? reader.section(head.length)
            else { return nil }
            guard head.type == self.typeSOA else { continue }
            guard (try? data.name()) != nil, (try? data.name()) != nil,
                (try? data.take(16)) != nil, let minimum = try? data.number32()
            else { return nil }
            return min(head.ttl, minimum)
        }
        return nil
    }
}

/// A message of the DNS that breaks its own rules.
struct DNSFormatError: Error {}

/// Reads a message from left to right.
struct DNSReader {
    enum Name: Equatable {
        case root
        case name(DomainName)
        /// A name, but none of a host or service.
        case odd
    }

    struct RecordHead {
        let owner: Name
        let type: UInt16
        let recordClass: UInt16
        let ttl: UInt32
        let length: Int
    }

    private static let nameBytesMax = 255

    private let bytes: [UInt8]
    private var index = 0
    private var end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.end = bytes.count
    }

    var isAtEnd: Bool { self.index == self.end }

    mutating func take(_ count: Int) throws(DNSFormatError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= self.end - self.index else { throw DNSFormatError() }
        defer { self.index += count }
        return self.bytes[self.index..<self.index + count]
    }

    mutating func number16() throws(DNSFormatError) -> UInt16 {
        try self.take(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    mutating func number32() throws(DNSFormatError) -> UInt32 {
        try self.take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A character-string (RFC 1035 section 3.3).
    mutating func text() throws(DNSFormatError) -> [UInt8] {
        let length = try self.take(1).reduce(0) { $0 + Int($1) }
        return Array(try self.take(length))
    }

    /// A reader of the next bytes, which may point back to the whole message; goes past them.
    mutating func section(_ count: Int) throws(DNSFormatError) -> DNSReader {
        var section = self
        _ = try self.take(count)
        section.end = self.index
        return section
    }

    mutating func recordHead() throws(DNSFormatError) -> RecordHead {
        let owner = try self.name()
        let type = try self.number16()
        let recordClass = try self.number16()
        let ttl = try self.number32()
        let length = Int(try self.number16())
        // RFC 2181 section 8: a time with the top bit set counts as zero.
        return RecordHead(
            owner: owner, type: type, recordClass: recordClass, ttl: ttl >> 31 == 0 ? ttl : 0,
            length: length)
    }

    /// A name (RFC 1035 section 4.1.4). A pointer leads to an earlier place than all before it,
    /// so that it ends.
    mutating func name() throws(DNSFormatError) -> Name {
        var text: [UInt8] = []
        var isOdd = false
        var wireBytes = 1
        var earliest = self.index
        var place = self.index
        var limit = self.end
        var next: Int?
        while true {
            guard place < limit else { throw DNSFormatError() }
            let length = Int(self.bytes[place])
            if length >= 0xc0 {
                guard place + 1 < limit else { throw DNSFormatError() }
                let target = (length & 0x3f) << 8 | Int(self.bytes[place + 1])
                if next == nil { next = place + 2 }
                guard target < earliest else { throw DNSFormatError() }
                earliest = target
                place = target
                limit = self.bytes.count
                continue
            }
            guard length < 0x40, place + 1 + length <= limit else { throw DNSFormatError() }
            place += 1
            if length == 0 { break }
            wireBytes += length + 1
            guard wireBytes <= Self.nameBytesMax else { throw DNSFormatError() }
            let label = self.bytes[place..<place + length]
            // A dot inside a label would look like the border of two.
            isOdd = isOdd || label.contains(0x2e)
            if !text.isEmpty { text.append(0x2e) }
            text += label
            place += length
        }
        self.index = next ?? place
        if text.isEmpty { return .root }
        guard !isOdd, let name = DomainName(text) else { return .odd }
        return .name(name)
    }
}
