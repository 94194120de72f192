// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction
import Tenancy

// Calls that the box places itself, as the only party on its side. They are set up like any call
// and count like one, and nobody's leg a stands beside leg b. Nothing is sent: what comes from the
// called party is counted and goes nowhere.
extension CallEngine {
    /// Places one. Its owner follows it by `testCall`, ends it by `endCall`, and takes it.
    public func placeTestCall(
        _ request: TestCallRequest
    ) -> Result<CallIdentifier, TestCallRefusal> {
        let placed = self.place(request)
        if case .failure = placed { self.context.counters.testCallsRefused &+= 1 }
        self.release()
        return placed
    }

    /// How far it is; nil: there is none of this name.
    public func testCall(_ id: CallIdentifier) -> TestCallProgress? { self.context.testCalls[id] }

    /// Nobody asks for it any more.
    public func takeTestCall(_ id: CallIdentifier) { self.context.testCalls[id] = nil }

    private func place(
        _ request: TestCallRequest
    ) -> Result<CallIdentifier, TestCallRefusal> {
        let trunk = self.context.configuration.trunks.first { $0.name == request.trunk }
        guard let trunk else { return .failure(.noTrunk) }
        guard self.context.testCalls.count < TestCallRequest.atOnceMax else {
            return .failure(.tooMany)
        }
        let admitted = self.admittedPlaces(
            [trunk], from: trunk, at: trunk.peer.remote.address, .normal, label: request.label)
        let places: [CallPlace]
        switch admitted {
        case .failure(let refusal): return .failure(.refused(status: refusal.reply.status))
        case .success(let found): places = found
        }
        guard let place = places.first else { return .failure(.refused(status: 503)) }
        let stream = AudioStream(formats: trunk.formats.ownFormats)
        let wish = Self.calleeWish(place.trunk, stream)
        let own = PortWish(wish.realm, isIPv4: wish.isIPv4)
        guard let ports = self.ports.reserve(own, wish) else {
            self.context.counters.refusedNoPort &+= 1
            return .failure(.refused(status: 503))
        }
        do throws(OfferAnswerError) {
            return .success(try self.begin(request, places, stream, ports))
        } catch {
            self.release(ports)
            self.context.count(error)
            return .failure(.refused(status: 488))
        }
    }

    private func begin(
        _ request: TestCallRequest, _ places: [CallPlace], _ stream: AudioStream,
        _ ports: (a: MediaPort, b: MediaPort)
    ) throws(OfferAnswerError) -> CallIdentifier {
        guard let place = places.first else { throw .outOfTurn }
        var session = self.context.session(place.trunk)
        let offer = try session.makeOffer(from: stream, local: ports.b.rtp)
        let callee = Leg(
            trunk: place.$trunk, listener: place.$listener, hop: place.trunk.peer,
            localTag: self.context.identifiers.tag(), session: session, port: ports.b)
        let caller = try self.standIn(for: callee, stream, ports.a)
        guard let invite = self.invite(of: request, place) else { throw .outOfTurn }
        let received = ReceivedRequest(server: nil, message: invite, source: place.trunk.peer)
        // No tenant: what is told of tenants' calls, and migrations that go by them, are of calls
        // that somebody made.
        let call = self.make(
            TransferAttempt(call: nil, side: .a, refer: received, uri: nil),
            Call.Legs(a: caller, b: callee), invite, of: nil)
        self.context.testCalls[call.id] = TestCallProgress()
        self.context.counters.testCalls &+= 1
        let search = CallSearch(
            places, stream: stream, forwardsLeft: 69,
            mark: self.context.identifiers.loops.mark(invite, from: caller.trunk),
            uri: Array(invite.requestURI), isEmergency: false)
        call.begin(received, search, offer: offer)
        return call.id
    }

    /// The INVITE that a caller would have sent.
    private func invite(of request: TestCallRequest, _ place: CallPlace) -> SIPMessage? {
        let host = place.listener.host
        let called = Self.uri(request.number.bytes, host)
        let from =
            request.caller.map { [0x3c] + Self.uri($0.bytes, host) + [0x3e] }
            ?? Array("\"Anonymous\" <sip:anonymous@anonymous.invalid>".utf8)
        var builder = SIPMessageBuilder(request: .invite, uri: called)
        builder.add(.via, place.listener.via(branch: self.context.identifiers.branch()))
        builder.add(.from, from + Array(";tag=".utf8) + self.context.identifiers.tag())
        builder.add(.to, [0x3c] + called + [0x3e])
        builder.add(.callID, self.context.identifiers.callID(at: host))
        builder.add(.cSeq, "1 INVITE")
        return try? SIPMessage.parse(builder.finish(), framing: .stream)
    }

    private static func uri(_ number: [UInt8], _ host: [UInt8]) -> [UInt8] {
        Array("sip:".utf8) + number + [0x40] + host + Array(";user=phone".utf8)
    }
}
