// SPDX-License-Identifier: Apache-2.0

/// Text with places for what a diverted INVITE has: `${number}`, `${served}`, `${request-uri}`,
/// `${route}`.
public struct DiversionTemplate: Sendable, Hashable {
    /// What can stand in a template.
    public enum Place: String, Sendable, Hashable, CaseIterable {
        /// The routable number that the consultation gave, E.164.
        case number
        /// The E.164 number of the served user.
        case served
        /// The Request-URI that came.
        case requestURI = "request-uri"
        /// The Route values that came, without our own; may be nothing.
        case route
    }

    private enum Piece: Sendable, Hashable {
        case text([UInt8])
        case place(Place)
    }

    private let pieces: [Piece]

    /// The places that it has.
    public var places: Set<Place> {
        Set(self.pieces.compactMap { if case .place(let place) = $0 { place } else { nil } })
    }

    /// Nil for text with a line end, or with a `$` that names no place.
    public init?(_ text: some Collection<UInt8>) {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            guard byte != 0x0d, byte != 0x0a else { return nil }
            guard byte == UInt8(ascii: "$") else {
                plain.append(byte)
                continue
            }
            guard rest.popFirst() == UInt8(ascii: "{"),
                let close = rest.firstIndex(of: UInt8(ascii: "}")),
                let place = Place(
                    rawValue: String(decoding: rest[rest.startIndex..<close], as: UTF8.self))
            else { return nil }
            if !plain.isEmpty { pieces.append(.text(plain)) }
            plain = []
            pieces.append(.place(place))
            rest = rest[(close + 1)...]
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        self.pieces = pieces
    }

    /// The text; nil where it wants what there is not.
    public func text(_ values: [Place: [UInt8]]) -> [UInt8]? {
        var text: [UInt8] = []
        for piece in self.pieces {
            switch piece {
            case .text(let plain): text += plain
            case .place(let place):
                guard let value = values[place] else { return nil }
                text += value
            }
        }
        return text
    }
}
