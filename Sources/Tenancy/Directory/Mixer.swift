// SPDX-License-Identifier: Apache-2.0

/// Spreads keys over a table. Numbers come in blocks of consecutive ones, and customers choose
/// them: three words that are drawn when the process starts keep anyone from choosing numbers that
/// meet in one place.
struct Mixer: Sendable {
    private let addend: UInt64
    private let first: UInt64
    private let second: UInt64

    /// With words from the system.
    init() {
        var random = SystemRandomNumberGenerator()
        self.init(using: &random)
    }

    /// With words from elsewhere.
    init(using random: inout some RandomNumberGenerator) {
        self.addend = random.next()
        self.first = random.next() | 1
        self.second = random.next() | 1
    }

    /// All 64 bits of it are as good as random.
    @inline(__always)
    func hash(_ key: UInt64) -> UInt64 {
        Self.fold(Self.fold(key ^ self.addend, self.first), self.second)
    }

    /// Both halves of the product: each bit of it depends on most bits of both factors.
    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
