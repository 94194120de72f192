// SPDX-License-Identifier: Apache-2.0

/// A recording in RIFF WAVE: PCM of 8, 16, 24 or 32 bits, A-law or mu-law, any rate and number of
/// channels.
struct WaveFile {
    /// Samples a second.
    let rateHz: Int
    /// How many there are.
    let channels: Int
    /// One channel behind the other, -1 to 1.
    private let frames: [Float]

    static let rates = 4000...384_000
    static let channelsMax = 16

    /// One channel from 0 on, or, with nil, all of them mixed.
    func samples(channel: Int?) -> [Float] {
        let count = self.frames.count / self.channels
        return (0..<count).map { place in
            let first = place * self.channels
            if let channel { return self.frames[first + channel] }
            return self.frames[first..<first + self.channels].reduce(0, +) / Float(self.channels)
        }
    }

    static func isOne(_ bytes: [UInt8]) -> Bool {
        bytes.name(0) == "RIFF" && bytes.name(8) == "WAVE"
    }

    init(_ bytes: [UInt8]) throws(RecordingError) {
        var offset = 12
        var format: Format?
        while let name = bytes.name(offset),
            let size = bytes.number(offset + 4, 4, bigEndian: false)
        {
            let body = offset + 8
            if name == "fmt " { format = try Format(bytes, at: body) }
            if name == "data" {
                guard let format else {
                    throw RecordingError(offset: offset, problem: "data before their format")
                }
                // A recorder that was killed left any size: what is there counts.
                let end = min(bytes.count, body + Int(size))
                self.rateHz = format.rateHz
                self.channels = format.channels
                self.frames = format.decode(bytes[body..<end])
                return
            }
            offset = body + Int(size) + Int(size % 2)
        }
        throw RecordingError(offset: min(offset, bytes.count), problem: "no audio data follow")
    }
}

/// How a file's samples are written.
private struct Format {
    let rateHz: Int
    let channels: Int
    let coding: Coding

    enum Coding: Equatable {
        case linear(bytes: Int)
        case float
        case g711(AudioCodec)
    }

    init(_ bytes: [UInt8], at offset: Int) throws(RecordingError) {
        func field(_ place: Int, _ count: Int) throws(RecordingError) -> Int {
            guard let value = bytes.number(offset + place, count, bigEndian: false) else {
                throw RecordingError(offset: offset, problem: "the format is cut short")
            }
            return Int(value)
        }
        var tag = try field(0, 2)
        if tag == 0xfffe { tag = try field(24, 2) }  // the first of a longer name
        let bits = try field(14, 2)
        switch (tag, bits) {
        case (1, 8), (1, 16), (1, 24), (1, 32): self.coding = .linear(bytes: bits / 8)
        case (3, 32): self.coding = .float
        case (6, 8): self.coding = .g711(.pcma)
        case (7, 8): self.coding = .g711(.pcmu)
        default:
            throw RecordingError(
                offset: offset,
                problem: "format \(tag) of \(bits) bits is not known; convert it to PCM of 16 bits")
        }
        self.channels = try field(2, 2)
        self.rateHz = try field(4, 4)
        guard (1...WaveFile.channelsMax).contains(self.channels) else {
            throw RecordingError(
                offset: offset + 2,
                problem: "\(self.channels) channels; 1 to \(WaveFile.channelsMax) are read")
        }
        guard WaveFile.rates.contains(self.rateHz) else {
            throw RecordingError(
                offset: offset + 4,
                problem: "\(self.rateHz) samples a second; 4,000 to 384,000 are read")
        }
    }

    func decode(_ bytes: ArraySlice<UInt8>) -> [Float] {
        switch self.coding {
        case .linear(let size): return self.linear(bytes, size)
        case .float:
            return self.words(bytes, 4).map { word in
                let value = Float(bitPattern: word)
                return value.isFinite ? max(-1, min(1, value)) : 0
            }
        case .g711(let codec): return bytes.map { Float(codec.sample($0)) / 32768 }
        }
    }

    private func linear(_ bytes: ArraySlice<UInt8>, _ size: Int) -> [Float] {
        if size == 1 { return bytes.map { (Float($0) - 128) / 128 } }
        let shift = 32 - 8 * UInt32(size)
        return self.words(bytes, size).map { Float(Int32(bitPattern: $0 << shift)) / 2_147_483_648 }
    }

    private func words(_ bytes: ArraySlice<UInt8>, _ size: Int) -> [UInt32] {
        stride(from: bytes.startIndex, to: bytes.endIndex - size + 1, by: size).map { at in
            (0..<size).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) }
        }
    }
}
