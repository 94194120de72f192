// SPDX-License-Identifier: Apache-2.0

/// What an unprotected ClientHello is told by before there is a session for it.
public enum ClientHello {
    private static let type: UInt8 = 1
    private static let randomBytes = 32

    /// The client's random of a datagram that begins with a hello; nil for any other. A client
    /// that repeats its hello, with a cookie or without, keeps it.
    public static func random(of datagram: [UInt8]) -> [UInt8]? {
        let message = RecordFilter.headerBytes
        let start = message + RecordFilter.messageHeaderBytes + 2  // the version
        guard let end = RecordFilter.end(datagram, 0), end >= start + self.randomBytes,
            datagram[0] == RecordFilter.Content.handshake, datagram[1] == 0xfe,
            RecordFilter.number(datagram, 3, 2) == 0, datagram[message] == self.type,
            RecordFilter.number(datagram, message + 6, 3) == 0
        else { return nil }
        return Array(datagram[start..<start + self.randomBytes])
    }
}
