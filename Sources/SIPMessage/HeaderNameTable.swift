// SPDX-License-Identifier: Apache-2.0

/// The names known to this module, found by a hash of their first eight octets and length.
struct HeaderNameTable: Sendable {
    struct Row {
        let spelling: StaticString
        let compact: StaticString
        let isList: Bool

        init(_ spelling: StaticString, _ compact: StaticString = "", list isList: Bool = false) {
            self.spelling = spelling
            self.compact = compact
            self.isList = isList
        }
    }

    private struct Slot {
        var word: UInt64 = 0
        var length: UInt8 = 0
        var code: UInt8 = 0
    }

    static let shared = HeaderNameTable()
    private static let slotCount = 512

    private var slots = [Slot](repeating: Slot(), count: Self.slotCount)
    private var spellings: [[UInt8]] = [[]]
    private var lowered: [[UInt8]] = [[]]

    private init() {
        for (index, row) in Self.rows.enumerated() {
            let code = UInt8(truncatingIfNeeded: index + 1)
            self.spellings.append(row.spelling.octets)
            self.lowered.append(row.spelling.octets.map(ASCII.lowered))
            self.insert(row.spelling.octets, code)
            if row.compact.utf8CodeUnitCount > 0 { self.insert(row.compact.octets, code) }
        }
    }

    private mutating func insert(_ name: [UInt8], _ code: UInt8) {
        let word = Self.word(name.span, 0, name.count)
        var index = Self.hash(word, name.count)
        while self.slots[index].code != 0 { index = (index + 1) % Self.slotCount }
        self.slots[index] = Slot(word: word, length: UInt8(name.count), code: code)
    }

    /// The first eight octets, letters made small. What follows is compared in `matchesTail`.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        var word: UInt64 = 0
        var index = start
        let stop = min(end, start &+ 8)
        while index < stop {
            word = word << 8 | UInt64(ASCII.lowered(bytes[index]))
            index &+= 1
        }
        return word
    }

    @inline(__always)
    private static func hash(_ word: UInt64, _ length: Int) -> Int {
        let mixed = (word ^ UInt64(truncatingIfNeeded: length)) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 55)
    }

    /// The code of a name, 0 where it is unknown.
    func code(of bytes: Span<UInt8>, from start: Int, to end: Int) -> UInt8 {
        let length = end &- start
        guard length > 0, length < 64 else { return 0 }
        let word = Self.word(bytes, start, end)
        var index = Self.hash(word, length)
        while true {
            let slot = self.slots[index]
            if slot.code == 0 { return 0 }
            if slot.word == word, Int(slot.length) == length,
                length <= 8 || self.matchesTail(slot.code, bytes, start, end)
            {
                return slot.code
            }
            index = (index &+ 1) % Self.slotCount
        }
    }

    @inline(__always)
    private func matchesTail(_ code: UInt8, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool
    {
        let name = self.lowered[Int(code)]
        var index = start &+ 8
        while index < end {
            if ASCII.lowered(bytes[index]) != name[index &- start] { return false }
            index &+= 1
        }
        return true
    }

    func spelling(_ code: UInt8) -> [UInt8] {
        Int(code) < self.spellings.count ? self.spellings[Int(code)] : []
    }

    static func isList(_ code: UInt8) -> Bool {
        code > 0 && Int(code) <= self.rows.count && self.rows[Int(code) - 1].isList
    }

    static func compactForm(_ code: UInt8) -> UInt8? {
        guard code > 0, Int(code) <= self.rows.count else { return nil }
        return self.rows[Int(code) - 1].compact.octets.first
    }

    static let rows: [Row] = [
        Row("Via", "v", list: true),
        Row("From", "f"),
        Row("To", "t"),
        Row("Call-ID", "i"),
        Row("CSeq"),
        Row("Contact", "m", list: true),
        Row("Max-Forwards"),
        Row("Route", list: true),
        Row("Record-Route", list: true),
        Row("Content-Type", "c"),
        Row("Content-Length", "l"),
        Row("Content-Encoding", "e", list: true),
        Row("Content-Disposition"),
        Row("Content-Language", list: true),
        Row("MIME-Version"),
        Row("Allow", list: true),
        Row("Supported", "k", list: true),
        Row("Require", list: true),
        Row("Proxy-Require", list: true),
        Row("Unsupported", list: true),
        Row("Retry-After"),
        Row("Reason", list: true),
        Row("User-Agent"),
        Row("Server"),
        Row("Subject", "s"),
        Row("Date"),
        Row("Expires"),
        Row("Min-Expires"),
        Row("Accept", list: true),
        Row("Accept-Encoding", list: true),
        Row("Accept-Language", list: true),
        Row("Alert-Info", list: true),
        Row("Call-Info", list: true),
        Row("Error-Info", list: true),
        Row("Authentication-Info"),
        Row("Authorization"),
        Row("Proxy-Authorization"),
        Row("WWW-Authenticate"),
        Row("Proxy-Authenticate"),
        Row("In-Reply-To", list: true),
        Row("Organization"),
        Row("Priority"),
        Row("Reply-To"),
        Row("Timestamp"),
        Row("Warning", list: true),
        Row("Event", "o"),
        Row("Allow-Events", "u", list: true),
        Row("Subscription-State"),
        Row("Refer-To", "r"),
        Row("Referred-By", "b"),
        Row("Refer-Sub"),
        Row("Replaces"),
        Row("Join"),
        Row("Target-Dialog"),
        Row("Session-Expires", "x"),
        Row("Min-SE"),
        Row("RSeq"),
        Row("RAck"),
        Row("SIP-ETag"),
        Row("SIP-If-Match"),
        Row("P-Asserted-Identity", list: true),
        Row("P-Preferred-Identity", list: true),
        Row("Privacy"),
        Row("Diversion", list: true),
        Row("History-Info", list: true),
        Row("Path", list: true),
        Row("Service-Route", list: true),
        Row("Identity", "y"),
        Row("Identity-Info", "n"),
        Row("Accept-Contact", "a", list: true),
        Row("Reject-Contact", "j", list: true),
        Row("Request-Disposition", "d", list: true),
        Row("User-to-User", list: true),
        Row("Geolocation", list: true),
        Row("Geolocation-Routing"),
        Row("Session-ID"),
        Row("Feature-Caps", list: true),
        Row("Flow-Timer"),
        Row("Info-Package"),
        Row("Recv-Info", list: true),
        Row("P-Charging-Vector"),
        Row("P-Access-Network-Info", list: true),
        Row("P-Early-Media", list: true),
        Row("Content-ID"),
    ]
}
