// SPDX-License-Identifier: Apache-2.0

/// User parts of both parties, as bytes of the wire; in one block, since a call holds them as long
/// as it lasts, and each of its checkpoints too.
struct CallUsers: Sendable, Hashable {
    private let bytes: [UInt8]
    private let callingCount: Int

    /// From both parts.
    init(calling: some Collection<UInt8>, called: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(calling.count + called.count)
        bytes += calling
        bytes += called
        self.bytes = bytes
        self.callingCount = calling.count
    }

    /// User part of the caller's From.
    var calling: ArraySlice<UInt8> { self.bytes[..<self.callingCount] }
    /// User part of the Request-URI.
    var called: ArraySlice<UInt8> { self.bytes[self.callingCount...] }
}
