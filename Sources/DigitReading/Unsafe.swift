// SPDX-License-Identifier: Apache-2.0
// The detectors' memory.

import CDigitReader

/// One stream of audio, or of events, and the fast path's detectors.
struct DigitDetector: ~Copyable {
    private let reader: OpaquePointer

    /// Nil when there is no memory.
    init?() {
        guard let reader = tl_digit_reader_make() else { return nil }
        self.reader = reader
    }

    deinit { tl_digit_reader_free(self.reader) }

    /// Digits that end with a payload whose last sample was at `nowNs`.
    mutating func audio(
        _ octets: ArraySlice<UInt8>, _ codec: AudioCodec, missing: Int, nowNs: UInt64
    ) -> [tl_digit_found] {
        let missing = UInt32(clamping: missing)
        return self.collect { found in
            octets.withUnsafeBufferPointer {
                guard let start = $0.baseAddress else { return 0 }
                return tl_digit_reader_audio(
                    self.reader, codec.rawValue, start, UInt32(clamping: $0.count), missing,
                    nowNs, found)
            }
        }
    }

    /// Digits that end with a telephone-event packet.
    mutating func event(
        _ payload: ArraySlice<UInt8>, ssrc: UInt32, timestamp: UInt32, clockHz: Int, nowNs: UInt64
    ) -> [tl_digit_found] {
        self.collect { found in
            payload.withUnsafeBufferPointer {
                guard let start = $0.baseAddress else { return 0 }
                return tl_digit_reader_event(
                    self.reader, start, UInt32(clamping: $0.count), ssrc, timestamp,
                    UInt32(clamping: clockHz), nowNs, found)
            }
        }
    }

    /// Digits that end because nothing more comes.
    mutating func end() -> [tl_digit_found] {
        self.collect { tl_digit_reader_end(self.reader, $0) }
    }

    private func collect(
        _ call: (UnsafeMutablePointer<tl_digit_found>) -> UInt32
    ) -> [tl_digit_found] {
        [tl_digit_found](unsafeUninitializedCapacity: Int(TL_DIGITS_FOUND_MAX)) { buffer, count in
            count = buffer.baseAddress.map { Int(call($0)) } ?? 0
        }
    }
}

/// Codecs in which tones are found, as the fast path numbers them.
enum AudioCodec: UInt8 {
    case pcmu = 1
    case pcma = 2
    case g722 = 3

    /// Mu-law of a sample of 16 bits.
    static func pcmu(_ sample: Int16) -> UInt8 { tl_digit_reader_pcmu(sample) }

    /// The sample of 16 bits of an octet of G.711.
    func sample(_ octet: UInt8) -> Int16 { tl_digit_reader_sample(self.rawValue, octet) }
}
