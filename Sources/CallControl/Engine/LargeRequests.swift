// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

/// RFC 3261 section 18.1.1: a request that UDP would carry in fragments leaves over TCP, where the
/// listener says so, and over UDP again when nobody listens there.
struct LargeRequests {
    /// Octets of a request that UDP may carry where the path's MTU is not known.
    static let limit = 1300

    /// Requests that left over TCP and how they are over UDP, while their transactions live.
    private var overUDP: [RequestHandle: OutgoingRequest] = [:]

    /// Nothing is remembered.
    var isEmpty: Bool { self.overUDP.isEmpty }

    /// The request as it leaves. `twin` is the listener over TCP for its listener over UDP.
    mutating func adapt(_ request: OutgoingRequest, twin: ListenerSettings?) -> OutgoingRequest {
        guard request.hop.transport == .udp, request.bytes.count > Self.limit, let twin,
            let bytes = Self.overTCP(request.bytes)
        else { return request }
        self.overUDP[request.handle] = request
        return OutgoingRequest(
            handle: request.handle, method: request.method, branch: request.branch, bytes: bytes,
            hop: Hop(listener: twin.index, transport: .tcp, remote: request.hop.remote))
    }

    /// TCP did not get there: the request over UDP, once; nil for any other.
    mutating func fallBack(_ handle: RequestHandle) -> OutgoingRequest? {
        self.overUDP.removeValue(forKey: handle)
    }

    /// The transaction is over.
    mutating func forget(_ handle: RequestHandle) { self.overUDP[handle] = nil }

    /// The top Via says how the message goes; sent-by is the same host and port.
    private static func overTCP(_ bytes: [UInt8]) -> [UInt8]? {
        let udp = Array("SIP/2.0/UDP ".utf8)
        guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
            let via = message.first(.via), via.starts(with: udp)
        else { return nil }
        var changed = bytes
        let start = via.startIndex + udp.count - 4
        guard bytes.indices.contains(start + 2), bytes[start] == UInt8(ascii: "U") else {
            return nil
        }
        changed.replaceSubrange(start..<(start + 3), with: Array("TCP".utf8))
        return changed
    }
}
