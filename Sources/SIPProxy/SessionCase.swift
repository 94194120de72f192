// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// For whom an IMS core asks an application server (3GPP TS 24.229 section 5.7.1.2).
public enum SessionCase: Sendable, Hashable, CaseIterable {
    /// The caller's services.
    case originating
    /// The callee's.
    case terminating
    /// The callee's, who has diverted the call (RFC 8498): never asked for by the filter criteria.
    case originatingDiversion

    /// The first that says so: `sescase` of P-Served-User, a parameter of the topmost Route, a
    /// parameter of its URI; otherwise terminating.
    init(of request: SIPMessage) {
        if let user = ServedUser.header(request) {
            let value = user.parameters.value("sescase") ?? []
            if user.parameters.has("orig-cdiv") {
                self = .originatingDiversion
                return
            }
            if ASCII.equalsIgnoringCase(value, "orig") {
                self = .originating
                return
            }
            if ASCII.equalsIgnoringCase(value, "term") {
                self = .terminating
                return
            }
        }
        let route = (try? request.routes())?.first
        let uri = route.flatMap { try? SIPURI($0.uri) }
        self = route.flatMap { Self($0.parameters) } ?? uri.flatMap { Self($0.parameters) }
            ?? .terminating
    }

    private init?(_ parameters: Parameters) {
        if parameters.has("term") {
            self = .terminating
        } else if parameters.has("orig") {
            self = .originating
        } else {
            return nil
        }
    }
}
