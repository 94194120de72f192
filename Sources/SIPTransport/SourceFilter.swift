// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// A program for the kernel's packet filter that lets datagrams in by their source alone, so that
/// all others cost neither room in the socket's buffer nor a system call.
///
/// Classic BPF, as a socket takes it from anybody. The source address is read from the IP header,
/// which `netOffset` finds whatever stands before it.
struct SourceFilter: Equatable {
    /// One instruction, as the kernel has it (`struct sock_filter`).
    struct Instruction: Equatable {
        var code: UInt16
        var whenTrue: UInt8 = 0
        var whenFalse: UInt8 = 0
        var value: UInt32
    }

    /// Instructions of the program: few enough for the kernel's limit of memory for options.
    static let instructionsMax = 512

    private(set) var instructions: [Instruction] = []

    // linux/bpf_common.h and linux/filter.h.
    private static let loadWord: UInt16 = 0x20
    private static let andConstant: UInt16 = 0x54
    private static let jumpIfEqual: UInt16 = 0x15
    private static let returnConstant: UInt16 = 0x06
    private static let netOffset = UInt32(bitPattern: -0x100000)
    private static let pass = Instruction(code: returnConstant, value: .max)
    private static let drop = Instruction(code: returnConstant, value: 0)

    /// Lets in what comes from one of the sources. Where they are too many for a program it lets in
    /// the larger blocks that they are in: strangers too, but never too few.
    init(sources: [AddressPrefix], isIPv4: Bool) {
        var blocks = Self.distinct(sources.filter { $0.address.isIPv4 == isIPv4 })
        let step = isIPv4 ? 4 : 16
        while Self.length(of: blocks) > Self.instructionsMax {
            let longest = blocks.map(\.bits).max() ?? 0
            blocks = Self.distinct(
                blocks.map {
                    AddressPrefix(of: $0.address, bits: min($0.bits, max(longest - step, 0)))
                })
        }
        for block in blocks { self.append(block) }
        self.instructions.append(Self.drop)
    }

    private static func distinct(_ blocks: [AddressPrefix]) -> [AddressPrefix] {
        var seen: Set<AddressPrefix> = []
        return blocks.filter { seen.insert($0).inserted }
    }

    private struct Word {
        /// From the start of the IP header, bytes.
        let offset: UInt32
        let mask: UInt32
        let value: UInt32
    }

    /// The words of the address that count, and the bits of each.
    private static func words(_ block: AddressPrefix) -> [Word] {
        let address = block.address
        // Where the source stands: RFC 791 section 3.1 and RFC 8200 section 3.
        if address.isIPv4 {
            guard block.bits > 0 else { return [] }
            return [Word(offset: 12, mask: Self.mask(block.bits), value: address.ipv4)]
        }
        return (0..<4).compactMap { index -> Word? in
            let bits = min(max(block.bits - index * 32, 0), 32)
            guard bits > 0 else { return nil }
            let half = index < 2 ? address.high : address.low
            let word = UInt32(truncatingIfNeeded: index % 2 == 0 ? half >> 32 : half)
            return Word(offset: UInt32(8 + index * 4), mask: Self.mask(bits), value: word)
        }
    }

    private static func mask(_ bits: Int) -> UInt32 { ~(UInt32.max >> UInt32(bits)) }

    private static func length(of blocks: [AddressPrefix]) -> Int {
        blocks.reduce(1) { sum, block in
            sum + 1 + Self.words(block).reduce(0) { $0 + ($1.mask == .max ? 2 : 3) }
        }
    }

    private mutating func append(_ block: AddressPrefix) {
        let words = Self.words(block)
        var left = Self.length(of: [block]) - 1
        for word in words {
            self.instructions.append(
                .init(code: Self.loadWord, value: Self.netOffset &+ word.offset))
            if word.mask != .max {
                self.instructions.append(.init(code: Self.andConstant, value: word.mask))
            }
            left -= word.mask == .max ? 2 : 3
            // What follows of this block is at most twelve instructions.
            self.instructions.append(
                .init(
                    code: Self.jumpIfEqual, whenFalse: UInt8(truncatingIfNeeded: left),
                    value: word.value & word.mask))
        }
        self.instructions.append(Self.pass)
    }
}
