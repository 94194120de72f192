// SPDX-License-Identifier: Apache-2.0

/// The name of a header field: compared without regard to case; compact forms are the same name
/// (RFC 3261 section 7.3.3); unknown names are kept.
public struct HeaderName: Sendable, Hashable {
    /// Index into `HeaderNameTable.rows`, 0 for a name that is not there.
    let code: UInt8
    /// The name with small letters where `code` is 0, else empty.
    private let other: [UInt8]

    init(code: UInt8) {
        self.code = code
        self.other = []
    }

    /// From octets as received, long or compact.
    public init(bytes: some Collection<UInt8>) {
        let lowered = bytes.map(ASCII.lowered)
        let code = HeaderNameTable.shared.code(of: lowered.span, from: 0, to: lowered.count)
        self.code = code
        self.other = code == 0 ? lowered : []
    }

    /// From a literal.
    public init(_ name: StaticString) {
        self.init(bytes: name.octets)
    }

    /// The spelling that goes on the wire; an unknown name is spelled with small letters.
    public var bytes: [UInt8] {
        self.code == 0 ? self.other : HeaderNameTable.shared.spelling(self.code)
    }

    /// The one-letter form, nil where none is registered.
    public var compact: UInt8? { HeaderNameTable.compactForm(self.code) }

    /// True where the grammar is a comma list, so that lines and commas are interchangeable
    /// (RFC 3261 section 7.3.1).
    public var isList: Bool { HeaderNameTable.isList(self.code) }
}

extension HeaderName: CustomStringConvertible {
    /// The name as text.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }
}
