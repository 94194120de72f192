// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Request-URI and Route of a request on its way through a proxy.
struct RouteSet {
    /// Without brackets.
    private(set) var requestURI: [UInt8]
    /// Whole values, the topmost first.
    private(set) var routes: [[UInt8]]

    /// As a proxy takes them up, what names itself taken out (RFC 3261 section 16.4). Values that
    /// cannot be read were refused before.
    init(_ request: SIPMessage, at identity: ProxyIdentity) {
        self.requestURI = Array(request.requestURI)
        self.routes = request.all(.route).map { Array($0) }
        // A strict router put into the Request-URI what we had put into Record-Route; the
        // Request-URI proper is the last Route then.
        if let last = self.routes.last, Self.isLoose(self.requestURI[...]),
            identity.isOwn(self.requestURI[...]), let target = Self.uri(last)
        {
            self.requestURI = target
            self.routes.removeLast()
        }
        if let first = self.routes.first.flatMap(Self.uri), identity.isOwn(first[...]) {
            self.routes.removeFirst()
        }
    }

    init(requestURI: [UInt8], routes: [[UInt8]]) {
        self.requestURI = requestURI
        self.routes = routes
    }

    /// For a strict router the Request-URI changes places with the topmost Route (RFC 3261 section
    /// 16.6, 6).
    mutating func adaptToStrictRouter() {
        guard let first = self.routes.first.flatMap(Self.uri), !Self.isLoose(first[...]) else {
            return
        }
        self.routes.removeFirst()
        self.routes.append([UInt8(ascii: "<")] + self.requestURI + [UInt8(ascii: ">")])
        self.requestURI = first
    }

    /// The URI that says where the request goes (RFC 3261 section 16.6, 7), before what is done for
    /// a strict router; `standard` where there is no Route.
    func nextHop(standard: NextHop?) -> NextHop? {
        if let first = self.routes.first { return Self.uri(first).flatMap { NextHop($0[...]) } }
        return standard ?? NextHop(self.requestURI[...])
    }

    /// The next hop or the request is to be reached by TLS alone.
    var isSecure: Bool {
        let uri = self.routes.first.flatMap(Self.uri) ?? self.requestURI
        return (try? SIPURI(uri[...]))?.isSecure == true
            || (try? SIPURI(self.requestURI[...]))?.isSecure == true
    }

    private static func uri(_ route: [UInt8]) -> [UInt8]? {
        (try? NameAddr(route[...])).map { Array($0.uri) }
    }

    private static func isLoose(_ uri: ArraySlice<UInt8>) -> Bool {
        (try? SIPURI(uri))?.isLooseRouter ?? false
    }
}
