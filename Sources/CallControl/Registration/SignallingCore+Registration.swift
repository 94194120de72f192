// SPDX-License-Identifier: Apache-2.0

import Routing
import SIPMessage
public import SIPTransaction

extension SignallingCore {
    /// Registers what the configuration says, after it was read or changed.
    public func configureRegistrations() { self.registrations.configure() }

    /// Takes every registration away, before the process ends.
    public func unregister() { self.registrations.stop() }

    /// A connection is gone.
    public func lost(_ hop: Hop) {
        self.layer.connectionLost(hop)
        self.registrations.lost(hop)
    }

    /// Every registration, by trunk.
    public var registrationSummaries: [RegistrationSummary] { self.registrations.summaries }

    /// No registration is left to be taken away.
    public var hasLeft: Bool { self.registrations.isEmpty }

    /// True when the report is about a REGISTER of ours.
    func tookForRegistration(_ report: TransactionOutput) -> Bool {
        switch report {
        case .response(let id, let message):
            guard let trunk = self.registrations.owner(of: id) else { return false }
            self.registrations.response(trunk, message)
        case .timeout(let id), .transportFailed(let id):
            guard let trunk = self.registrations.owner(of: id) else { return false }
            self.registrations.failed(trunk)
        default: return false
        }
        return true
    }

    /// Does what the registrations want; false when there was nothing.
    func performRegistrations() -> Bool {
        let actions = self.registrations.drain()
        for action in actions {
            switch action {
            case .send(let bytes, let branch, let hop, let trunk):
                guard let bytes = self.ruled(leaving: bytes, to: hop) else {
                    self.registrations.started(trunk, nil)
                    continue
                }
                self.registrations.started(
                    trunk,
                    self.layer.send(request: bytes, method: .register, branch: branch, to: hop))
            case .startTimer(let trunk, let milliseconds):
                self.append(
                    .startTimer(
                        .registration(trunk), milliseconds: UInt32(clamping: milliseconds)))
            case .stopTimer(let trunk): self.append(.stopTimer(.registration(trunk)))
            }
        }
        return !actions.isEmpty
    }
}

extension CallEngine {
    /// The trunk that a request comes from. Of several that its source may belong to it is the one
    /// whose registered Contact the request names.
    func trunk(of request: ReceivedRequest) -> TrunkIndex? {
        let first = self.trunk(from: request.source)
        let trunks = self.context.configuration.trunks
        guard self.context.authentication.hasRegistrations,
            let uri = try? SIPURI(request.message.requestURI), let user = uri.user
        else { return first }
        let named = trunks.firstIndex { trunk in
            guard let registration = trunk.registration else { return false }
            return registration.user.elementsEqual(user) && trunk.owns(request.source)
        }
        return named.flatMap { UInt16(exactly: $0) }.map(TrunkIndex.init) ?? first
    }
}
