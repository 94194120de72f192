// SPDX-License-Identifier: Apache-2.0

/// A carrier trunk as calls see it.
public final class CarrierTrunkEntry: Sendable {
    /// Its settings.
    public let trunk: CarrierTrunk
    private let fqdn: [UInt8]

    init(_ trunk: CarrierTrunk) {
        self.trunk = trunk
        self.fqdn = Array(trunk.fqdn.utf8)
    }

    /// Appends the name that stands in Contact of calls of the tenant with this label: that of the
    /// derived trunk, label and name of the trunk with a dot between them. Where the service knows
    /// no derived trunks, or the tenant has no label, it is the trunk's own.
    public func appendHost(_ label: Label?, to bytes: inout [UInt8]) {
        if self.trunk.service.hasDerivedTrunks, let label {
            label.append(to: &bytes)
            bytes.append(0x2e)
        }
        bytes.append(contentsOf: self.fqdn)
    }

    /// DNS names are the same without regard to case.
    func isNamed(_ host: ArraySlice<UInt8>) -> Bool {
        guard host.count == self.fqdn.count else { return false }
        var index = host.startIndex
        for byte in self.fqdn {
            guard Fields.lower(byte) == Fields.lower(host[index]) else { return false }
            index += 1
        }
        return true
    }
}

/// The carrier trunks of a node, found by their place and by their name. Never changed: another
/// list takes its place.
final class CarrierTrunks: Sendable {
    /// Trunks at most: names are compared with each.
    static let trunksMax = 64
    /// Regions of a deployment (provisioning model, section 1).
    static let regions = 1...2

    private let all: [CarrierTrunkEntry]
    private let placed: [[CarrierTrunkEntry]]

    init(_ trunks: [CarrierTrunk]) {
        self.all = trunks.map(CarrierTrunkEntry.init)
        var placed = Array(
            repeating: [CarrierTrunkEntry](),
            count: Service.allCases.count * Self.regions.count * TrunkSet.allCases.count)
        for entry in self.all {
            let trunk = entry.trunk
            guard let place = Self.place(trunk.service, trunk.set, trunk.region) else { continue }
            placed[place].append(entry)
        }
        self.placed = placed
    }

    /// Those of a place, in the order of the list.
    func trunks(_ service: Service, _ set: TrunkSet, region: Int) -> [CarrierTrunkEntry] {
        guard let place = Self.place(service, set, region) else { return [] }
        return self.placed[place]
    }

    /// The one of this name.
    func trunk(named host: ArraySlice<UInt8>) -> CarrierTrunkEntry? {
        for entry in self.all where entry.isNamed(host) { return entry }
        return nil
    }

    private static func place(_ service: Service, _ set: TrunkSet, _ region: Int) -> Int? {
        guard self.regions.contains(region) else { return nil }
        let pair = Int(service.code) * self.regions.count + region - self.regions.lowerBound
        return pair * 2 + (set == .plain ? 0 : 1)
    }
}
