// SPDX-License-Identifier: Apache-2.0

import Routing
import SIPMessage
import SIPTransaction

// NOTIFY outside of calls: lamps for messages that wait, which many systems light without having
// been asked to.
extension CallEngine {
    /// REFER of the trunk is served, in calls.
    func mayRefer(_ trunk: TrunkIndex) -> Bool {
        self.context.configuration.trunks[Int(trunk.value)].transfer.refer != .refuse
    }

    /// A NOTIFY that belongs to no call. It goes where a call with its Request-URI would go, if it
    /// is of a package that passes; other packages are unknown (489), and of a known one there is
    /// no subscription (481), as RFC 6665 section 4.1.3 has it.
    func notify(_ request: ReceivedRequest, from origin: TrunkIndex) {
        let message = request.message
        let event = message.first(.event).flatMap { try? TokenValue($0).token }
        if let event, ASCII.equalsIgnoringCase(event, "refer") {
            return self.refuseEvent(request, 481)
        }
        let events = self.context.configuration.trunks[Int(origin.value)].transfer.events
        guard let event, let known = TransferPolicy.Events(package: event), events.contains(known)
        else { return self.refuseEvent(request, 489) }
        let forwards = (try? message.maxForwards()) ?? 70
        guard forwards > 0 else {
            self.context.counters.tooManyHops &+= 1
            return self.refuseEvent(request, 483)
        }
        let format = self.context.configuration.trunks[Int(origin.value)].interworking.numbers
        let number = format.normalised(CalledNumber(requestURI: message.requestURI))
        let trunks = self.context.trunks(for: number, from: origin)
        guard let place = self.context.places(trunks, isEmergency: false).first else {
            self.context.counters.noRoutes &+= 1
            return self.refuseEvent(request, 404)
        }
        self.pass(request, to: place, format, forwardsLeft: forwards - 1)
    }

    private func refuseEvent(_ request: ReceivedRequest, _ status: Int) {
        self.context.counters.eventsRefused &+= 1
        self.context.respond(Reply(status), to: request)
    }

    private func pass(
        _ request: ReceivedRequest, to place: CallPlace, _ format: NumberFormat,
        forwardsLeft: Int
    ) {
        let (trunk, listener) = (place.trunk, place.listener)
        let numbers = NumberPassage(from: format, to: trunk.interworking.numbers)
        let message = request.message
        guard let from = try? message.from(), let to = try? message.to() else {
            return self.refuseEvent(request, 400)
        }
        let branch = self.context.identifiers.branch()
        let tag = self.context.identifiers.tag()
        var builder = SIPMessageBuilder(
            request: .notify,
            uri: AddressRewriter.requestURI(message.requestURI, to: trunk, numbers))
        builder.add(.via, listener.via(branch: branch))
        builder.add(.maxForwards, decimal(UInt32(clamping: forwardsLeft)))
        builder.add(.from, AddressRewriter.from(from, listener: listener, tag: tag, numbers))
        builder.add(.to, AddressRewriter.to(to, trunk: trunk, numbers))
        builder.add(.callID, self.context.identifiers.callID(at: listener.host))
        builder.add(.cSeq, CSeq(number: 1, method: .notify).bytes)
        builder.add(.contact, listener.contact())
        builder.copy(all: .event, from: message)
        builder.copy(all: .subscriptionState, from: message)
        let bytes = builder.finish(passing: Payload(message), of: message)
        self.context.counters.eventsPassed &+= 1
        _ = self.context.send(
            .notify, bytes, branch: branch, to: trunk.peer, for: .relayed(request))
    }
}
