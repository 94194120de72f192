// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction
import Tenancy

/// One leg of one call.
struct LegReference: Hashable {
    let call: CallIdentifier
    let side: Side
}

/// A request that a server transaction passed on.
struct ReceivedRequest {
    /// Nil for one from before a restart, until the transaction layer has it again.
    var server: ServerTransactionID?
    let message: SIPMessage
    let source: Hop
}

/// What the engine's calls share: what goes out, what comes back for whom, identifiers, counters.
/// Owned by the engine; calls hold it unowned and never outlive it.
final class EngineContext {
    /// What the responses to a request of ours are for.
    enum Purpose {
        /// The INVITE that makes leg b.
        case invite(CallIdentifier)
        /// One that a call does not wait for any more: another target has the call.
        case abandoned(AbandonedInvite)
        /// An INVITE inside a call, to this leg.
        case reinvite(LegReference)
        /// The same, answered with a 2xx: whatever became of the call, it gets this ACK each time
        /// it comes (RFC 3261 section 13.2.2.4).
        case acknowledged(Leg.SentAck)
        /// The BYE to this leg.
        case bye(LegReference)
        /// An UPDATE that refreshes the session of the leg with this tag of ours, whatever call
        /// that belongs to when the answer comes.
        case refresh([UInt8])
        /// An OPTIONS that asks the party of the leg with this tag whether it knows the call.
        case audit([UInt8])
        /// A request passed on from the other leg, which waits for the answer.
        indirect case relayed(ReceivedRequest)
        /// News of what a REFER on this leg led to.
        case notify(LegReference)
        /// A digit for the party of the leg with this tag.
        case digit([UInt8])
        /// A SUBSCRIBE to its key presses.
        case watch([UInt8])
        /// An OPTIONS of ours to a peer, sent then.
        case probe(PeerNumber, sentAt: Milliseconds)
        /// Nobody waits: the BYE to a second branch of a fork, a PRACK.
        case discarded
    }

    /// Read from the owner's clock before each input.
    var now: Milliseconds = 0
    /// The same of a clock that is never set, which goes on when the process does not.
    var monotonicNow: Milliseconds = 0
    var configuration: CallConfiguration {
        didSet {
            self.sources = SourceIndex(self.configuration.trunks)
            self.sourcesVersion &+= 1
            self.settings = LegSettings()
        }
    }
    /// Of the configuration, for new legs.
    var settings = LegSettings()
    /// Whose a source is.
    private(set) var sources: SourceIndex
    /// Changes when sources or parties do.
    var sourcesVersion: UInt64 = 0
    /// Addresses of parties of calls that are no trunk's sources, and of how many calls.
    var parties: [IPAddress: Int] = [:]
    /// Of trunks with a limit of requests a second.
    var requestBuckets: [TrunkName: TokenBucket] = [:]
    var counters = EngineCounters()
    var identifiers: IdentifierSource
    var admission: Admission
    var actions: [CallAction] = []
    /// What is known of the trunks' targets.
    var peers = PeerMonitor()
    /// When OPTIONS last came from a trunk, ms.
    var optionsHeard: [TrunkName: Milliseconds] = [:]
    /// The leg that a request was last found to belong to; see `CallEngine.touchedLeg`.
    var touched: LegReference?

    /// Our tags: each names a leg.
    var tags: [[UInt8]: LegReference] = [:]
    /// INVITEs that are not over in the transaction layer: for CANCEL and missing ACKs.
    var servers: [ServerTransactionID: LegReference] = [:]
    /// Calls that wait for an INVITE from before the restart to come again.
    var awaitedInvites: [InviteKey: CallIdentifier] = [:]
    /// Calls that are over but were answered, while the transaction of their INVITE lives: other
    /// branches of a fork may answer yet. No more than there are transactions.
    var answered: [CallIdentifier: Call] = [:]
    /// Calls whose checkpoint is to be written when the input in hand is done.
    var dirty: [CallIdentifier] = []
    /// Calls that want another target, and which of their candidates.
    var searching: [(call: CallIdentifier, candidate: Int)] = []
    /// Targets that asked not to be tried for a while.
    var holds = TargetHolds()
    /// The tenants, with their numbers; nil: there are none.
    var tenants: DirectoryReader?
    /// Calls that services make for transfers.
    var returns = TransferReturns()
    /// Test calls, until their owner has taken them.
    var testCalls: [CallIdentifier: TestCallProgress] = [:]
    /// What calls want of each other, to be done when the input in hand is.
    var steps: [TransferStep] = []
    /// Calls that are over and wait for the engine to let go of them.
    var finished: [CallIdentifier] = []

    var authentication = AuthenticationState()
    /// Trunks that have to be registered, and are not.
    var unregistered: Set<TrunkName> = []

    private var purposes: [RequestHandle: Purpose] = [:]
    private var handles: [ClientTransactionID: RequestHandle] = [:]
    private var lastHandle: UInt64 = 0
    private var largeRequests = LargeRequests()

    init(configuration: CallConfiguration, identifiers: IdentifierSource) {
        self.configuration = configuration
        self.sources = SourceIndex(configuration.trunks)
        self.identifiers = identifiers
        self.admission = Admission(limits: configuration.limits)
    }

    /// Sends a request through a client transaction.
    func send(
        _ method: Method, _ bytes: [UInt8], branch: [UInt8], to hop: Hop, for purpose: Purpose
    ) -> RequestHandle {
        self.lastHandle += 1
        let handle = RequestHandle(self.lastHandle)
        self.purposes[handle] = purpose
        self.keep(handle, method, bytes, hop)
        let request = OutgoingRequest(
            handle: handle, method: method, branch: branch, bytes: bytes, hop: hop)
        let twin = self.configuration.listener(hop.listener)?.twin
            .flatMap { self.configuration.listener($0) }
        self.actions.append(.request(self.largeRequests.adapt(request, twin: twin)))
        return handle
    }

    /// A request did not get out. True where it left over TCP because it is large, and goes over
    /// UDP now, in another transaction.
    func fallBack(_ id: ClientTransactionID) -> Bool {
        guard let handle = self.handles[id], let request = self.largeRequests.fallBack(handle)
        else { return false }
        self.handles[id] = nil
        self.counters.fellBackToUDP &+= 1
        self.actions.append(.request(request))
        return true
    }

    func started(_ handle: RequestHandle, as id: ClientTransactionID) {
        self.handles[id] = handle
    }

    func purpose(of id: ClientTransactionID) -> (RequestHandle, Purpose)? {
        guard let handle = self.handles[id], let purpose = self.purposes[handle] else { return nil }
        return (handle, purpose)
    }

    func purpose(of handle: RequestHandle) -> Purpose? { self.purposes[handle] }

    /// The responses to a request of ours are for something else from now on.
    func change(_ handle: RequestHandle, to purpose: Purpose) {
        guard self.purposes[handle] != nil else { return }
        self.purposes[handle] = purpose
    }

    func forget(_ handle: RequestHandle) {
        self.purposes[handle] = nil
        self.authentication.sent[handle] = nil
        self.largeRequests.forget(handle)
    }

    func setDiscarded(_ handle: RequestHandle) { self.purposes[handle] = .discarded }

    /// A client transaction is over; returns what it was for.
    func terminated(_ id: ClientTransactionID) -> Purpose? {
        guard let handle = self.handles.removeValue(forKey: id) else { return nil }
        self.largeRequests.forget(handle)
        self.authentication.sent[handle] = nil
        return self.purposes.removeValue(forKey: handle)
    }

    /// A leg before its first exchange, with secrets of its own where its trunk needs any.
    func session(_ trunk: TrunkSettings) -> OfferAnswerLeg {
        var leg = OfferAnswerLeg(
            sessionID: self.identifiers.sessionID(), codecs: trunk.formats, policy: trunk.security)
        leg.descriptions = trunk.interworking.descriptions
        self.provide(&leg, trunk.security)
        return leg
    }

    /// Counts what a caller's INVITE lost on its way, or kept.
    func count(_ passage: InvitePassage) {
        if passage.keptNumber { self.counters.signedNumbersKept &+= 1 }
        if passage.droppedSignature { self.counters.signaturesDropped &+= 1 }
    }

    /// Gives a leg the secrets that its next description needs. Asked for after every offer of its
    /// party, before the leg is copied for the branches of a fork.
    func provide(_ leg: inout OfferAnswerLeg, _ policy: MediaSecurityPolicy) {
        guard leg.needsSecrets else { return }
        let random = self.identifiers.bytes(LegSecrets.randomBytes(for: policy))
        let fingerprint = policy.usesDTLS ? self.configuration.fingerprint : nil
        guard let secrets = LegSecrets(random: random, policy: policy, fingerprint: fingerprint)
        else { return }
        leg.provide(secrets)
    }

    /// Nothing is remembered of any call: for tests of what is left behind.
    var isEmpty: Bool {
        self.tags.isEmpty && self.servers.isEmpty && self.awaitedInvites.isEmpty
            && self.answered.isEmpty && self.purposes.isEmpty && self.handles.isEmpty
            && self.finished.isEmpty && self.searching.isEmpty && self.parties.isEmpty
            && self.largeRequests.isEmpty && self.authentication.sent.isEmpty && self.steps.isEmpty
    }
}

/// Finds an INVITE again that opens a dialog: what RFC 3261 section 8.2.2.2 compares.
struct InviteKey: Hashable {
    let callID: [UInt8]
    let fromTag: [UInt8]
    let sequence: UInt32

    init?(_ message: SIPMessage) {
        guard let callID = try? message.callID(), let from = try? message.from(),
            let cseq = try? message.cseq()
        else { return nil }
        self.callID = Array(callID)
        self.fromTag = Array(from.tag ?? [])
        self.sequence = cseq.number
    }
}
