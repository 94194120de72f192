// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

/// Messages as they leave a proxy: Via, Route, Record-Route, Max-Forwards and X-MS-FMC differ from
/// those that came, and nothing else.
enum ForwardedMessage {
    /// A request for its next hop (RFC 3261 section 16.6). `mark` is the value of X-MS-FMC of a
    /// diverted INVITE.
    static func request(
        _ request: SIPMessage, from source: Hop, by routes: RouteSet, mark: [UInt8]?,
        branch: [UInt8], _ configuration: ProxyConfiguration
    ) -> [UInt8] {
        let identity = configuration.identity
        var edit = MessageEdit(request)
        let isSecure = routes.isSecure
        var routes = routes
        routes.adaptToStrictRouter()
        if !routes.requestURI.elementsEqual(request.requestURI) {
            edit.setRequestURI(routes.requestURI)
        }
        let hops = (try? request.maxForwards()).map { max($0 - 1, 0) } ?? 70
        let digits = ASCII.digits(UInt32(clamping: hops))
        if !edit.set(.maxForwards, digits) { edit.prepend(.maxForwards, digits) }
        self.setRoutes(routes.routes, request, &edit)
        if configuration.recordsRoute, request.method != .register,
            (try? request.to().tag) == .some(nil)
        {
            edit.prepend(.recordRoute, identity.recordRoute(isSecure: isSecure))
        }
        if let mark, !edit.set(MobileControlPoint.markName, mark) {
            edit.append(spelled: MobileControlPoint.markSpelling, mark)
        }
        // What the transport has to say of the sender (RFC 3261 section 18.2.1, RFC 3581).
        if let via = try? request.topVia() {
            let value = ResponseRouting.topViaValue(via, source: source.remote)
            if !value.elementsEqual(via.bytes) { edit.setFirstValue(.via, value) }
        }
        edit.prepend(.via, identity.via(branch: branch))
        return edit.finish(forStream: identity.transport.isReliable)
    }

    private static func setRoutes(
        _ routes: [[UInt8]], _ request: SIPMessage, _ edit: inout MessageEdit
    ) {
        let before = request.all(.route).map { Array($0) }
        guard routes != before else { return }
        if routes == Array(before.dropFirst()) { return edit.setFirstValue(.route, nil) }
        guard !routes.isEmpty else { return edit.remove(.route) }
        let value = Array(routes.joined(separator: Array(", ".utf8)))
        if !edit.set(.route, value) { edit.prepend(.route, value) }
    }

    /// A response for who sent the request (RFC 3261 section 16.7, 3): without our Via. Nil where
    /// no other is left: it is for nobody.
    static func response(
        _ response: SIPMessage, asServerError: Bool, forStream isStream: Bool
    ) -> [UInt8]? {
        guard response.all(.via).count > 1 else { return nil }
        var edit = MessageEdit(response)
        edit.setFirstValue(.via, nil)
        if asServerError {
            edit.setStatus(500, "Server Internal Error")
            edit.remove(.retryAfter)
        }
        return edit.finish(forStream: isStream)
    }
}
