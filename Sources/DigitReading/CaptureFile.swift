// SPDX-License-Identifier: Apache-2.0

/// The UDP datagrams of a capture, pcap or pcapng, of either byte order.
struct CaptureFile {
    private(set) var datagrams: [Datagram] = []
    private var firstNs: UInt64?
    private let bytes: [UInt8]

    static func isOne(_ bytes: [UInt8]) -> Bool {
        Classic.find(bytes) != nil || bytes.number(0, 4, bigEndian: true) == Self.sectionHeader
    }

    init(_ bytes: [UInt8]) throws(RecordingError) {
        self.bytes = bytes
        if let classic = Classic.find(bytes) {
            try self.readClassic(classic)
        } else {
            try self.readNextGeneration()
        }
    }

    private mutating func take(_ range: Range<Int>, _ link: LinkType, timeNs: UInt64) {
        let first = self.firstNs ?? timeNs
        self.firstNs = first
        let since = timeNs >= first ? timeNs - first : 0
        if let datagram = Datagram(frame: self.bytes, range, link, timeNs: since) {
            self.datagrams.append(datagram)
        }
    }

    private static func link(_ value: UInt32, at offset: Int) throws(RecordingError) -> LinkType {
        if let link = LinkType(rawValue: value & 0xffff) { return link }
        throw RecordingError(
            offset: offset,
            problem: "link type \(value & 0xffff) is not known; "
                + "Ethernet, Linux's \"any\" and raw IP are")
    }

    // MARK: pcap

    private struct Classic {
        let bigEndian: Bool
        let isNano: Bool

        static func find(_ bytes: [UInt8]) -> Classic? {
            for bigEndian in [false, true] {
                switch bytes.number(0, 4, bigEndian: bigEndian) {
                case 0xa1b2_c3d4: return Classic(bigEndian: bigEndian, isNano: false)
                case 0xa1b2_3c4d: return Classic(bigEndian: bigEndian, isNano: true)
                default: continue
                }
            }
            return nil
        }
    }

    private mutating func readClassic(_ kind: Classic) throws(RecordingError) {
        guard let number = self.bytes.number(20, 4, bigEndian: kind.bigEndian) else {
            throw RecordingError(offset: 0, problem: "the header is cut short")
        }
        let link = try Self.link(number, at: 20)
        var offset = 24
        // A capture that is being written may end anywhere.
        while let seconds = self.bytes.number(offset, 4, bigEndian: kind.bigEndian),
            let part = self.bytes.number(offset + 4, 4, bigEndian: kind.bigEndian),
            let size = self.bytes.number(offset + 8, 4, bigEndian: kind.bigEndian),
            offset + 16 + Int(size) <= self.bytes.count
        {
            let timeNs = UInt64(seconds) * 1_000_000_000 + UInt64(part) * (kind.isNano ? 1 : 1000)
            self.take(offset + 16..<offset + 16 + Int(size), link, timeNs: timeNs)
            offset += 16 + Int(size)
        }
    }

    // MARK: pcapng

    private static let sectionHeader: UInt32 = 0x0a0d_0d0a

    private struct Interface {
        let link: LinkType
        /// Units of its time stamps in a second.
        let perSecond: UInt64
    }

    private mutating func readNextGeneration() throws(RecordingError) {
        var interfaces: [Interface] = []
        var bigEndian = false
        var offset = 0
        while self.bytes.count - offset >= 12 {
            if self.bytes.number(offset, 4, bigEndian: true) == Self.sectionHeader {
                bigEndian = self.bytes.number(offset + 8, 4, bigEndian: true) == 0x1a2b_3c4d
                interfaces = []
            }
            guard let type = self.bytes.number(offset, 4, bigEndian: bigEndian),
                let size = self.bytes.number(offset + 4, 4, bigEndian: bigEndian)
            else { return }
            guard size >= 12, size % 4 == 0 else {
                throw RecordingError(offset: offset + 4, problem: "a block of \(size) octets")
            }
            guard offset + Int(size) <= self.bytes.count else { return }  // being written
            let body = offset + 8..<offset + Int(size) - 4
            if type == 1 { interfaces.append(try self.interface(body, bigEndian)) }
            if type == 6 { self.packet(body, interfaces, bigEndian) }
            offset += Int(size)
        }
    }

    private func interface(
        _ body: Range<Int>, _ bigEndian: Bool
    ) throws(RecordingError) -> Interface {
        let number = self.bytes.number(body.lowerBound, 2, bigEndian: bigEndian) ?? .max
        let link = try Self.link(number, at: body.lowerBound)
        var perSecond: UInt64 = 1_000_000
        var offset = body.lowerBound + 8
        while offset + 4 <= body.upperBound,
            let code = self.bytes.number(offset, 2, bigEndian: bigEndian),
            let length = self.bytes.number(offset + 2, 2, bigEndian: bigEndian), code != 0
        {
            if code == 9, length == 1, offset + 4 < body.upperBound {  // if_tsresol
                let value = self.bytes[offset + 4]
                let base: UInt64 = value & 0x80 != 0 ? 2 : 10
                perSecond = (0..<min(value & 0x7f, base == 2 ? 40 : 12)).reduce(1) { power, _ in
                    power * base
                }
            }
            offset += 4 + (Int(length) + 3) / 4 * 4
        }
        return Interface(link: link, perSecond: perSecond)
    }

    private mutating func packet(
        _ body: Range<Int>, _ interfaces: [Interface], _ bigEndian: Bool
    ) {
        guard let number = self.bytes.number(body.lowerBound, 4, bigEndian: bigEndian),
            let high = self.bytes.number(body.lowerBound + 4, 4, bigEndian: bigEndian),
            let low = self.bytes.number(body.lowerBound + 8, 4, bigEndian: bigEndian),
            let size = self.bytes.number(body.lowerBound + 12, 4, bigEndian: bigEndian),
            Int(number) < interfaces.count, body.lowerBound + 20 + Int(size) <= body.upperBound
        else { return }
        let interface = interfaces[Int(number)]
        let units = UInt64(high) << 32 | UInt64(low)
        let (whole, part) = units.quotientAndRemainder(dividingBy: interface.perSecond)
        let partNs = part.multipliedReportingOverflow(by: 1_000_000_000)
        let timeNs =
            whole &* 1_000_000_000
            &+ (partNs.overflow
                ? part / (interface.perSecond / 1_000_000_000 + 1)
                : partNs.partialValue / interface.perSecond)
        let start = body.lowerBound + 20
        self.take(start..<start + Int(size), interface.link, timeNs: timeNs)
    }
}
