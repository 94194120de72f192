// SPDX-License-Identifier: Apache-2.0

import Admission
public import NetworkAddress
import Routing
import SIPDialog
import SIPMessage
public import SIPTransaction

// Whose a message is, by its source alone.
extension CallEngine {
    /// The source is a trunk's, or a party's of a call: what comes from there is worth reading,
    /// whatever else is thrown away.
    public func knows(_ source: Hop) -> Bool {
        self.trunk(from: source) != nil || self.context.parties[source.remote.address] != nil
            || self.isRetired(source)
    }

    /// All sources that are known at a listener, and perhaps some that are only known elsewhere.
    public func sources(at listener: ListenerIndex) -> [AddressPrefix] {
        let trunks = self.context.configuration.trunks + self.retiredTrunks
        return trunks.filter { $0.listeners.contains(listener) }.flatMap(\.sources)
            + self.context.parties.keys.map { AddressPrefix($0) }
    }

    /// Another number whenever those may have changed.
    public var sourcesVersion: UInt64 { self.context.sourcesVersion }

    /// False when a message's source belongs to nobody and is to get no answer: the owner throws it
    /// away before the transaction layer sees it. Counted.
    public func admits(_ source: Hop) -> Bool {
        guard self.context.configuration.unknownSource == .silence, !self.knows(source) else {
            return true
        }
        self.context.counters.unknownSources &+= 1
        return false
    }

    /// The trunk that a request comes from: by listener and source address. A trunk whose own
    /// listener it is comes before one that shares the listener's address.
    func trunk(from source: Hop) -> TrunkIndex? {
        self.context.sources.trunk(at: source.listener, from: source.remote.address)
            .flatMap { UInt16(exactly: $0) }.map(TrunkIndex.init)
    }

    /// How long messages of this source may be; nil: as those of the node.
    public func messageLimits(of source: Hop) -> TrunkMessageLimits? {
        self.trunk(from: source).flatMap {
            self.context.configuration.trunks[Int($0.value)].messageLimits
        }
    }

    /// The source belongs to a trunk that is not configured any more but still has calls.
    func isRetired(_ source: Hop) -> Bool {
        self.retiredTrunks.contains {
            $0.owns(source) && self.context.admission.calls(of: $0.name) > 0
        }
    }

    /// A request that begins something is above what its trunk may send in a second. What belongs
    /// to a call, and an emergency call, never is.
    func isOverRate(_ message: SIPMessage, from source: Hop) -> Bool {
        guard let method = message.method, method != .ack, method != .cancel,
            let index = self.trunk(from: source), (try? message.to().tag) == .some(nil)
        else { return false }
        let trunk = self.context.configuration.trunks[Int(index.value)]
        guard let rate = trunk.limits.requestsPerSecond else { return false }
        let number = CalledNumber(requestURI: message.requestURI)
        if method == .invite, trunk.emergency.applies(to: number) { return false }
        var bucket = self.context.requestBuckets[trunk.name] ?? TokenBucket(rate: rate)
        if bucket.rate != rate { bucket = TokenBucket(rate: rate) }
        let isOver = !bucket.take(now: self.context.now)
        self.context.requestBuckets[trunk.name] = bucket
        if isOver { self.context.counters.requestsShed &+= 1 }
        return isOver
    }

    // MARK: Parties

    /// Keeps what is known of where a call's parties are, as its dialogs have it now.
    func noteParties(of call: Call) {
        let targets = (
            a: call.legs.a.dialog?.remoteTarget ?? [], b: call.legs.b.dialog?.remoteTarget ?? []
        )
        guard targets != call.notedTargets else { return }
        call.notedTargets = targets
        var addresses: Set<IPAddress> = []
        for side in Side.allCases {
            let leg = call.legs[side]
            guard let dialog = leg.dialog else { continue }
            for address in leg.addresses(of: dialog)
            where self.context.sources.trunk(at: leg.hop.listener, from: address) == nil {
                addresses.insert(address)
            }
        }
        self.forgetParties(of: call)
        call.parties = addresses
        for address in addresses { self.context.parties[address, default: 0] += 1 }
        if !addresses.isEmpty { self.context.sourcesVersion &+= 1 }
    }

    /// The call is over.
    func forgetParties(of call: Call) {
        for address in call.parties {
            let left = (self.context.parties[address] ?? 1) - 1
            self.context.parties[address] = left > 0 ? left : nil
        }
        if !call.parties.isEmpty { self.context.sourcesVersion &+= 1 }
        call.parties = []
    }
}
