// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Brings audio to the 8,000 samples a second of telephony: a low-pass filter (a sinc in a Blackman
/// window) is asked at the places where those samples lie.
struct Resampler {
    static let rateHz = 8000
    private static let lobes = 24  // of the filter to either side
    private static let places = 256  // of its table between two of its zeros

    /// Input samples to one output sample.
    private let step: Double
    /// Of the filter's zeros, in input samples.
    private let width: Double
    private let table: [Float]

    init(fromHz rate: Int) {
        self.step = Double(rate) / Double(Self.rateHz)
        self.width = max(1, self.step) / 0.95
        self.table = (0...Self.lobes * Self.places).map { place in
            let at = Double(place) / Double(Self.places)
            let sinc = at == 0 ? 1 : sin(.pi * at) / (.pi * at)
            let turn = .pi * at / Double(Self.lobes)
            return Float(sinc * (0.42 + 0.5 * cos(turn) + 0.08 * cos(2 * turn)))
        }
    }

    func run(_ samples: [Float]) -> [Float] {
        if self.step == 1 { return samples }
        let reach = Int((Double(Self.lobes) * self.width).rounded(.up))
        return (0..<Int(Double(samples.count) / self.step)).map { place in
            let center = Double(place) * self.step
            let first = max(0, Int(center) - reach)
            var sum: Float = 0
            for at in first..<max(first, min(samples.count, Int(center) + reach + 1)) {
                let distance = abs(Double(at) - center) / self.width
                let entry = Int((distance * Double(Self.places)).rounded())
                if entry < self.table.count { sum += samples[at] * self.table[entry] }
            }
            return sum / Float(self.width)
        }
    }
}
