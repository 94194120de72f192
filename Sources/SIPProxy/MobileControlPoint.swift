// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// The service that decides for which calls the Teams client of a mobile number is asked: what of
/// it the configuration says. Everything here is a value.
public struct MobileControlPoint: Sendable, Hashable {
    /// Numbers that are emergency calls, as they are dialled; no call to one is ever diverted.
    public var emergencyNumbers: [[UInt8]] = []
    /// What X-MS-FMC says in a diverted INVITE for a caller.
    public var originatingMark: [UInt8]
    /// What it says in one for a callee.
    public var terminatingMark: [UInt8]
    /// The Request-URI of a diverted INVITE.
    public var requestURI: DiversionTemplate
    /// Its Route values, separated by commas.
    public var route: DiversionTemplate
    /// How long an answer is waited for, 10 to 10,000 ms.
    public var consultationMilliseconds: UInt32 = 500
    /// Consultations that are open at a time.
    public var consultationsMax = 1000

    /// From what has no default.
    public init(
        originatingMark: [UInt8], terminatingMark: [UInt8], requestURI: DiversionTemplate,
        route: DiversionTemplate
    ) {
        self.originatingMark = originatingMark
        self.terminatingMark = terminatingMark
        self.requestURI = requestURI
        self.route = route
    }
}

/// What is asked about a call.
public struct Consultation: Sendable, Hashable {
    /// For whom the core asks.
    public let sessionCase: SessionCase
    /// The user whose services are asked for.
    public let served: CallParty
    /// Who calls; nil where the request does not say.
    public let caller: CallParty?
    /// Who is called.
    public let called: CallParty
    /// Call-ID of the INVITE.
    public let callID: [UInt8]
}

/// What the answer is.
public enum ConsultationAnswer: Sendable, Hashable {
    /// The call is to pass the Teams service, which this number leads to.
    case divert(number: [UInt8])
    /// The call is none of it.
    case native
    /// There was no answer, or none that can be read.
    case failed
}

/// Whether a request is asked about.
public enum ConsultationDecision: Sendable, Hashable {
    /// No, and why.
    case pass(PassReason)
    /// Yes.
    case consult(Consultation)
}

/// Why a call goes on as it came without a question.
public enum PassReason: Sendable, Hashable, CaseIterable {
    /// It begins nothing: no INVITE, or one within a dialog.
    case noNewCall
    /// An emergency call.
    case emergency
    /// The callee has diverted it.
    case diversion
    /// It has X-MS-FMC: it comes from the Teams service.
    case marked
    /// Nobody is named as the served user.
    case nobodyServed
}

extension MobileControlPoint {
    /// The header that says that a call has been with the Teams service.
    static let markName = HeaderName("X-MS-FMC")
    static let markSpelling = Array("X-MS-FMC".utf8)

    /// Whether an INVITE is asked about.
    public func decision(_ request: SIPMessage) -> ConsultationDecision {
        guard request.method == .invite, (try? request.to().tag) == .some(nil) else {
            return .pass(.noNewCall)
        }
        guard !self.isEmergency(request.requestURI) else { return .pass(.emergency) }
        let sessionCase = SessionCase(of: request)
        guard sessionCase != .originatingDiversion else { return .pass(.diversion) }
        if let mark = request.first(Self.markName),
            sessionCase == .originating || ASCII.equalsIgnoringCase(mark, "APP")
                || ASCII.equalsIgnoringCase(mark, "MT")
        {
            return .pass(.marked)
        }
        guard let served = ServedUser.party(request, sessionCase) else {
            return .pass(.nobodyServed)
        }
        return .consult(
            Consultation(
                sessionCase: sessionCase, served: served, caller: ServedUser.caller(request),
                called: CallParty(uri: request.requestURI),
                callID: Array(request.first(.callID) ?? [])))
    }

    /// A number of the list, or a service URN of emergencies (RFC 5031).
    private func isEmergency(_ uri: ArraySlice<UInt8>) -> Bool {
        let digits: [UInt8]
        switch try? URI.parse(uri) {
        case .tel(let tel): digits = tel.digits
        case .sip(let sip):
            digits = (sip.user ?? []).prefix { $0 != UInt8(ascii: ";") }
                .filter { ![0x2d, 0x2e, 0x28, 0x29].contains($0) }
        case .other, nil:
            let service = Array("urn:service:sos".utf8)
            return ASCII.equalsIgnoringCase(uri.prefix(service.count), service)
                && [nil, UInt8(ascii: ".")].contains(uri.dropFirst(service.count).first)
        }
        return self.emergencyNumbers.contains(digits)
    }

    /// What becomes of a call that the answer wants diverted; nil where it gives no routable number
    /// or the templates make no URI of it: the call goes on as it came (MCP-6).
    func diversion(
        of consultation: Consultation, to number: [UInt8], _ routes: RouteSet
    ) -> Diversion? {
        guard let number = CallParty.e164(number) else { return nil }
        var values: [DiversionTemplate.Place: [UInt8]] = [
            .number: number, .requestURI: routes.requestURI,
            .route: Array(routes.routes.joined(separator: Array(", ".utf8))),
        ]
        values[.served] = consultation.served.number
        guard let uri = self.requestURI.text(values), (try? URI.parse(uri[...])) != nil,
            let route = self.route.text(values)
        else { return nil }
        guard let list = Self.routes(route) else { return nil }
        return Diversion(
            routes: RouteSet(requestURI: uri, routes: list),
            mark: consultation.sessionCase == .originating
                ? self.originatingMark : self.terminatingMark)
    }
}

// What a configuration is tried with.
extension MobileControlPoint {
    private static let sample: [DiversionTemplate.Place: [UInt8]] = [
        .number: Array("+12025550100".utf8), .served: Array("+12025550101".utf8),
        .requestURI: Array("tel:+12025550101".utf8), .route: [],
    ]

    /// The template of the Request-URI makes a URI.
    public var makesRequestURI: Bool {
        guard let uri = self.requestURI.text(Self.sample) else { return false }
        return (try? URI.parse(uri[...])) != nil
    }

    /// The template of Route makes Route values, or none.
    public var makesRoute: Bool { self.route.text(Self.sample).flatMap(Self.routes) != nil }

    /// The values of a comma list; nil where one is no Route.
    static func routes(_ text: [UInt8]) -> [[UInt8]]? {
        var list: [ArraySlice<UInt8>] = []
        CommaList.split(text[...], into: &list)
        list.removeAll(where: \.isEmpty)
        guard list.allSatisfy({ (try? NameAddr($0, bracketsRequired: true)) != nil }) else {
            return nil
        }
        return list.map { Array($0) }
    }
}

/// The way of a diverted INVITE.
struct Diversion {
    let routes: RouteSet
    /// The value of X-MS-FMC.
    let mark: [UInt8]
}
