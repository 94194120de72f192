// SPDX-License-Identifier: Apache-2.0

/// What the payload types of one leg mean, each once. There are a handful: as a rule those that
/// were agreed on, whose array it shares.
struct PayloadTypeBindings: Sendable, Hashable {
    /// By payload type as bound; in the order in which they were first bound.
    private(set) var formats: [RTPFormat] = []

    subscript(payloadType: UInt8) -> RTPFormat? {
        self.formats.first { $0.payloadType == payloadType }
    }

    /// Binds the payload types of all of them.
    mutating func bind(_ formats: [RTPFormat]) {
        let others = self.formats.filter { known in
            !formats.contains { $0.payloadType == known.payloadType }
        }
        self.formats = others.isEmpty ? formats : others + formats
    }
}
