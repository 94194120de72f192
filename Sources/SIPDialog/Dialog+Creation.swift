// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

extension Dialog {
    /// The dialog of a UAC: from its request and a response of 101 to 299 (RFC 3261 section
    /// 12.1.2). Where the response has no Contact, which some peers omit in 18x, the Request-URI
    /// is the target until one comes.
    public init(
        client request: SIPMessage, response: SIPMessage, overTLS: Bool
    ) throws(DialogError) {
        guard request.isRequest, let status = response.status, (101...299).contains(status)
        else { throw .wrongMessage }
        let values = try Self.values(request: request)
        guard let localTag = values.from.tag else { throw .localTagMissing }
        let to = try Self.read { () throws(SIPParseError) in try response.to() }
        let target = try Self.contact(of: response) ?? Array(request.requestURI)
        let routes = try Self.recordedRoutes(of: response)
        self.init(
            key: DialogKey(
                callID: values.callID, localTag: Array(localTag), remoteTag: Array(to.tag ?? [])),
            role: .client, isSecure: overTLS && Self.isSecure(request.requestURI),
            parties: (Array(values.from.bytes), Array(to.bytes)),
            state: status >= 200 ? .confirmed : .early, remoteTarget: target,
            routeSet: routes.reversed(), sequences: (values.cseq.number, nil))
    }

    /// The dialog of a UAS: from the request received and the tag that its responses carry (RFC
    /// 3261 section 12.1.1).
    public init(
        server request: SIPMessage, localTag: [UInt8], state: State, overTLS: Bool
    ) throws(DialogError) {
        guard request.isRequest else { throw .wrongMessage }
        let values = try Self.values(request: request)
        let to = try Self.read { () throws(SIPParseError) in try request.to() }
        guard let target = try Self.contact(of: request) else { throw .contactMissing }
        let tag = to.tag == nil ? Array(";tag=".utf8) + localTag : []
        var party: [UInt8] = []
        party.reserveCapacity(to.bytes.count + tag.count)
        party += to.bytes
        party += tag
        self.init(
            key: DialogKey(
                callID: values.callID, localTag: localTag,
                remoteTag: Array(values.from.tag ?? [])),
            role: .server, isSecure: overTLS && Self.isSecure(request.requestURI),
            parties: (party, Array(values.from.bytes)), state: state,
            remoteTarget: target, routeSet: try Self.recordedRoutes(of: request),
            sequences: (nil, values.cseq.number))
    }

    /// A 2xx confirms the early dialog of a UAC: route set and target are taken from it (RFC 3261
    /// section 13.2.2.4). A dialog that is confirmed already keeps its route set.
    public mutating func confirm(with response: SIPMessage) throws(DialogError) {
        guard let status = response.status, (200...299).contains(status) else {
            throw .wrongMessage
        }
        let target = try Self.contact(of: response)
        if self.state == .early {
            self.routeSet = try Self.recordedRoutes(of: response).reversed()
            self.state = .confirmed
        }
        if let target { self.remoteTarget = target }
    }

    /// A UAS sent its 2xx.
    public mutating func confirm() {
        self.state = .confirmed
    }

    private static func values(
        request: SIPMessage
    ) throws(DialogError) -> (callID: [UInt8], from: NameAddr, cseq: CSeq) {
        try Self.read { () throws(SIPParseError) in
            (Array(try request.callID()), try request.from(), try request.cseq())
        }
    }

    static func read<Value>(
        _ body: () throws(SIPParseError) -> Value
    ) throws(DialogError) -> Value {
        do { return try body() } catch { throw .unreadable(error) }
    }

    /// The URI of the first Contact; nil where there is none.
    static func contact(of message: SIPMessage) throws(DialogError) -> [UInt8]? {
        let contacts = try Self.read { () throws(SIPParseError) in try message.contacts() }
        guard case .address(let address) = contacts.first else { return nil }
        return Array(address.uri)
    }

    static func recordedRoutes(of message: SIPMessage) throws(DialogError) -> [[UInt8]] {
        let routes = try Self.read { () throws(SIPParseError) in try message.recordRoutes() }
        guard routes.count <= Self.routeLimit else { throw .tooManyRoutes }
        return routes.map { Array($0.bytes) }
    }

    private static func isSecure(_ uri: ArraySlice<UInt8>) -> Bool {
        ASCII.equalsIgnoringCase(uri.prefix(5), "sips:")
    }
}
