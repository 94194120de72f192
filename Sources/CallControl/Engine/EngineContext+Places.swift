// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Tenancy

// Where a call may go.
extension EngineContext {
    /// The trunks that a called number goes to, in the order of its route.
    func trunks(for number: CalledNumber, from origin: TrunkIndex) -> [TrunkSettings] {
        self.configuration.routes.trunks(for: number, from: origin).compactMap { index in
            self.configuration.trunks.indices.contains(Int(index.value))
                ? self.configuration.trunks[Int(index.value)] : nil
        }
    }

    /// An emergency call goes straight to whom its trunk's are sent to.
    func straight(
        _ decision: TenantDecision, _ trunk: TrunkSettings, _ kind: CallKind
    ) -> TenantDecision {
        guard kind.isEmergency, !trunk.emergency.trunks.isEmpty else { return decision }
        var decision = decision
        decision.choice = .emergency
        decision.trunks = trunk.emergency.trunks.compactMap { index in
            self.configuration.trunks.indices.contains(Int(index.value))
                ? self.configuration.trunks[Int(index.value)] : nil
        }
        return decision
    }

    /// The targets of trunks in the order in which they are tried: trunk by trunk, but for those
    /// that asked not to be tried yet. An emergency call asks them all the same, after the others.
    /// `label` is the tenant's whose call it is.
    func places(
        _ trunks: [TrunkSettings], isEmergency: Bool, label: [UInt8] = []
    ) -> [CallPlace] {
        var places: [CallPlace] = []
        var held: [CallPlace] = []
        for trunk in trunks {
            for target in self.identifiers.order(trunk.targets) where !target.isNowhere {
                guard places.count < TargetSearch.limit else { return places }
                guard let listener = self.configuration.listener(target.hop.listener) else {
                    continue
                }
                let place = self.place(trunk, target, listener, label)
                if self.holds.holds(target.hop, now: self.now) {
                    held.append(place)
                } else {
                    places.append(place)
                }
            }
        }
        return isEmergency ? Array((places + held).prefix(TargetSearch.limit)) : places
    }

    // MARK: Redirections

    /// Where the contact of a redirection leads: to a target that is configured and is named there,
    /// else by the routes for its number. What is neither leads nowhere: a peer cannot have calls
    /// sent to addresses of its choice. The number is written as `format` says.
    func places(
        contact uri: ArraySlice<UInt8>, _ format: NumberFormat, from origin: TrunkSettings,
        isEmergency: Bool, label: [UInt8]
    ) -> [CallPlace] {
        let number = format.normalised(CalledNumber(requestURI: uri))
        var places: [CallPlace] = []
        if case .sip(let sip)? = try? URI.parse(uri), let place = self.place(named: sip, label) {
            places = [place]
        } else if !number.bytes.isEmpty,
            let index = self.configuration.trunks.firstIndex(where: { $0.name == origin.name }),
            let position = UInt16(exactly: index)
        {
            let trunks = self.trunks(for: number, from: TrunkIndex(position))
            places = self.places(trunks, isEmergency: isEmergency, label: label)
        }
        return places.map { place in
            var place = place
            place.calledURI = Array(uri)
            place.calledFormat = format
            return place
        }
    }

    /// The target that a URI's host and port name.
    private func place(named uri: SIPURI, _ label: [UInt8]) -> CallPlace? {
        for trunk in self.configuration.trunks {
            let target = trunk.targets.first { target in
                let remote = target.hop.remote
                let isHost =
                    uri.host.address == remote.address
                    || ASCII.equalsIgnoringCase(uri.host.bytes, target.host)
                return isHost && (uri.port ?? target.hop.transport.defaultPort) == remote.port
            }
            guard let target, target.state != .draining,
                let listener = self.configuration.listener(target.hop.listener)
            else { continue }
            return self.place(trunk, target, listener, label)
        }
        return nil
    }

    private func place(
        _ trunk: TrunkSettings, _ target: TrunkTarget, _ listener: ListenerSettings,
        _ label: [UInt8]
    ) -> CallPlace {
        let isDerived = trunk.tenancy.service?.hasDerivedTrunks == true
        return CallPlace(
            trunk: self.settings.trunk(trunk, at: target),
            listener: self.settings.listener(
                listener, for: trunk, label: isDerived ? label : []))
    }
}
