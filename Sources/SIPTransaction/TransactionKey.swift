// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What finds the client transaction of a response: branch and CSeq method (RFC 3261 section
/// 17.1.3).
struct ClientKey: Hashable {
    private let bytes: [UInt8]

    init(branch: some Collection<UInt8>, method: Method) {
        let name = method.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(branch.count + 1 + name.count)
        bytes += branch
        bytes.append(0)
        bytes += name
        self.bytes = bytes
    }

    init?(response: SIPMessage) {
        guard let via = try? response.topVia(), let branch = via.branch,
            let cseq = try? response.cseq()
        else { return nil }
        self.init(branch: branch, method: cseq.method)
    }
}

/// The values of a request that server transactions are found by, decoded once.
struct RequestKeys {
    /// What finds the transaction (RFC 3261 section 17.2.3).
    let server: ServerKey
    /// What the same request has in common over all its ways (RFC 3261 section 8.2.2.2).
    let identity: RequestIdentity
    let via: Via
    let hasToTag: Bool

    init?(_ request: SIPMessage, method: Method) {
        guard let via = try? request.topVia(), let cseq = try? request.cseq(),
            let from = try? request.from(), let to = try? request.to(),
            let callID = try? request.callID()
        else { return nil }
        let identity = RequestIdentity(
            callID: callID, fromTag: from.tag ?? [], number: cseq.number, method: method)
        self.via = via
        self.identity = identity
        self.hasToTag = to.tag != nil
        if let branch = via.branch, via.hasUniqueBranch {
            self.server = ServerKey(branch: branch, via: via, method: method)
        } else {
            self.server = ServerKey(request: request, identity: identity, via: via.bytes)
        }
    }
}

/// A key of the server side; the kinds never meet, since their first octets differ.
struct ServerKey: Hashable {
    private let bytes: [UInt8]

    /// Branch, sent-by and method; an ACK has its INVITE's method, a CANCEL the INVITE's too
    /// where the INVITE is looked for (RFC 3261 sections 9.2 and 17.2.3).
    init(branch: some Collection<UInt8>, via: Via, method: Method) {
        let host = via.host.bytes
        let port = via.port ?? 0
        let name = method.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(branch.count + host.count + name.count + 5)
        bytes.append(1)
        bytes += branch
        bytes.append(0)
        for byte in host { bytes.append(ASCII.lowered(byte)) }
        bytes.append(0)
        bytes.append(UInt8(port >> 8))
        bytes.append(UInt8(port & 0xff))
        bytes += name
        self.bytes = bytes
    }

    /// For a peer of RFC 2543: Request-URI, From tag, Call-ID, CSeq and the whole top Via. The To
    /// tag is not part of it: that of an ACK is the one our response brought, and the two requests
    /// that it alone would tell apart differ in their CSeq.
    init(request: SIPMessage, identity: RequestIdentity, via: ArraySlice<UInt8>) {
        self.bytes = [2] + request.requestURI + [0] + identity.bytes + [0] + via
    }
}

/// Call-ID, From tag, CSeq number and method.
struct RequestIdentity: Hashable {
    let bytes: [UInt8]

    init(
        callID: some Collection<UInt8>, fromTag: some Collection<UInt8>, number: UInt32,
        method: Method
    ) {
        let name = method.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(callID.count + fromTag.count + name.count + 6)
        bytes += callID
        bytes.append(0)
        bytes += fromTag
        bytes.append(0)
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        bytes += name
        self.bytes = bytes
    }
}
