// SPDX-License-Identifier: Apache-2.0

public import SIPTransaction

// Which call a message belongs to, for those who keep messages. The engine knows by tag, and for
// its own requests by transaction; a message that the transaction layer dealt with alone is told
// by its Call-ID.
extension CallEngine {
    /// The leg that a request belonged to which was handled since ``forgetTouchedLeg()``; nil where
    /// none was, and for a request that no call came of.
    public var touchedLeg: (call: CallIdentifier, side: Side)? {
        self.context.touched.map { ($0.call, $0.side) }
    }

    /// What is handled from now on counts.
    public func forgetTouchedLeg() { self.context.touched = nil }

    /// The leg that a request of ours goes to, while its transaction lives.
    func leg(of handle: RequestHandle) -> (call: CallIdentifier, side: Side)? {
        switch self.context.purpose(of: handle) {
        case .invite(let call): (call, .b)
        case .reinvite(let leg), .bye(let leg), .notify(let leg): (leg.call, leg.side)
        case .refresh(let tag), .audit(let tag), .digit(let tag), .watch(let tag):
            self.context.tags[tag].map { ($0.call, $0.side) }
        case .relayed, .probe, .abandoned, .acknowledged, .discarded, nil: nil
        }
    }
}

extension SignallingCore {
    /// The leg that a message goes to, while the transaction that sends it lives.
    public func leg(of transaction: TransactionID?) -> (call: CallIdentifier, side: Side)? {
        guard case .client(let id)? = transaction, let handle = self.requests[id] else {
            return nil
        }
        return self.engine.leg(of: handle)
    }
}
