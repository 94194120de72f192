// SPDX-License-Identifier: Apache-2.0

/// What an unprotected ClientHello is told by before there is a session for it.
public enum ClientHello {
    private static let type: UInt8 = 1
    private static let randomBytes = 32

    /// Whether a datagram begins with a hello.
    public static func begins(_ datagram: [UInt8]) -> Bool {
        let message = RecordFilter.headerBytes
        let start = message + RecordFilter.messageHeaderBytes + 2  // the version
        guard let end = RecordFilter.end(datagram, 0) else { return false }
        return end >= start + self.randomBytes && datagram[0] == RecordFilter.Content.handshake
            && datagram[1] == 0xfe && RecordFilter.number(datagram, 3, 2) == 0
            && datagram[message] == self.type && RecordFilter.number(datagram, message + 6, 3) == 0
    }
}
