// SPDX-License-Identifier: Apache-2.0

/// How one thread looks tenants up. No look-up waits or allocates, and each sees every table as it
/// is at that moment: what two of them find may differ by a change between them, so that an account
/// may be gone that a number was just found to have.
public final class DirectoryReader {
    /// The directory that it reads.
    public let directory: TenantDirectory
    private let tables: DirectoryTables
    private let number: Int

    init(_ directory: TenantDirectory, number: Int) {
        self.directory = directory
        self.tables = directory.tables
        self.number = number
    }

    deinit { self.directory.release(reader: self.number) }

    /// Looks while everything that is found stays.
    @inline(__always)
    private func inside<Found>(_ look: (DirectoryTables) -> Found) -> Found {
        self.tables.epochs.enter(self.number)
        defer { self.tables.epochs.leave(self.number) }
        return look(self.tables)
    }

    /// What is provisioned for a number; nil: nothing.
    public func number(_ number: E164) -> NumberEntry? {
        self.inside { $0.number(number) }
    }

    /// The account that has a number; nil: nobody has. For `CallerScreening`.
    public func owner(of number: E164) -> AccountIndex? { self.number(number)?.account }

    /// The account of an index; nil: it has been removed.
    public func account(_ index: AccountIndex) -> AccountEntry? {
        self.inside { $0.account(index) }
    }

    /// The account with a label, whatever the case of its letters; nil: there is none.
    public func account(label: ArraySlice<UInt8>) -> AccountEntry? {
        self.inside { $0.account(label: label) }
    }

    /// The deployment's settings; nil: none are known.
    public var deployment: Deployment? {
        self.inside { $0.settings.object(at: 0)?.deployment }
    }

    /// Contents of the custom header of a number's calls; nil: it has none of its own.
    public func customHeader(of number: E164) -> [UInt8]? {
        self.inside { tables in
            tables.number(number)?.text.flatMap { tables.texts.object(at: $0)?.bytes }
        }
    }

    /// The carrier trunks of a service's set in a region, in the order in which they are tried.
    public func carrierTrunks(
        of service: Service, _ set: TrunkSet, region: Int
    ) -> [CarrierTrunkEntry] {
        self.inside {
            $0.settings.object(at: 0)?.trunks.trunks(service, set, region: region) ?? []
        }
    }
}

@available(*, unavailable)
extension DirectoryReader: Sendable {}

// MARK: Calls to a service

/// Where a call to a number of a tenant goes.
public struct Placement: Sendable {
    /// The tenant.
    public let account: AccountIndex
    /// Its label; nil: it has none.
    public let label: Label?
    /// The set of its trunks.
    public let trunkSet: TrunkSet
    /// The trunks, in the order in which they are tried; none: the region has none of that set.
    /// `CarrierTrunkEntry.appendHost` gives the name of the derived trunk at each.
    public let trunks: [CarrierTrunkEntry]
}

extension DirectoryReader {
    /// Where a call to this number goes in a region (provisioning model, section 2): the trunks of
    /// its service and of the set that the number says, or else its account. Nil: the account has
    /// been removed.
    public func placement(of number: NumberEntry, region: Int) -> Placement? {
        self.inside { tables in
            let account = AccountWord(word: tables.accountWords.load(number.account.position))
            guard account.generation == number.account.generation else { return nil }
            let set = number.trunkSet ?? account.activeSet
            let trunks = tables.settings.object(at: 0)?.trunks
            return Placement(
                account: number.account, label: account.label, trunkSet: set,
                trunks: trunks?.trunks(number.service, set, region: region) ?? [])
        }
    }
}

// MARK: Calls from a service

/// Whose the host is that a service calls.
public enum CalledHost: Sendable {
    /// A derived trunk: this tenant's, at this trunk.
    case derived(AccountEntry, CarrierTrunkEntry)
    /// A carrier trunk itself, without a tenant.
    case carrierTrunk(CarrierTrunkEntry)
    /// A name below a carrier trunk that no tenant has, or none that uses its service.
    case unknownTenant(CarrierTrunkEntry)
    /// A name of this node that has another port than the one that was called.
    case wrongPort(CarrierTrunkEntry)
    /// Nothing of this node's.
    case unknown
}

extension DirectoryReader {
    /// Whose a called host is, with the port of the listener at which the call came (provisioning
    /// model, section 2). Whatever is not `derived` is misrouted, but for what services send to a
    /// trunk itself, such as OPTIONS.
    public func derivedTrunk(host: ArraySlice<UInt8>, port: UInt16) -> CalledHost {
        self.inside { tables in
            guard let trunks = tables.settings.object(at: 0)?.trunks else { return .unknown }
            // A name may end in the dot of the root (RFC 3261 section 25.1: hostname).
            let host = host.last == 0x2e ? host.dropLast() : host
            if let trunk = trunks.trunk(named: host) {
                return trunk.trunk.port == port ? .carrierTrunk(trunk) : .wrongPort(trunk)
            }
            guard let dot = host.firstIndex(of: 0x2e),
                let trunk = trunks.trunk(named: host[(dot + 1)...])
            else { return .unknown }
            guard trunk.trunk.port == port else { return .wrongPort(trunk) }
            guard trunk.trunk.service.hasDerivedTrunks,
                let account = tables.account(label: host[..<dot]),
                account.uses(trunk.trunk.service)
            else { return .unknownTenant(trunk) }
            return .derived(account, trunk)
        }
    }
}

extension DirectoryTables {
    @inline(__always)
    fileprivate func number(_ number: E164) -> NumberEntry? {
        self.numbers.value(number.value).flatMap(NumberEntry.init(word:))
    }

    fileprivate func account(_ index: AccountIndex) -> AccountEntry? {
        guard let entry = self.accounts.object(at: index.position), entry.index == index else {
            return nil
        }
        return entry
    }

    fileprivate func account(label: ArraySlice<UInt8>) -> AccountEntry? {
        guard let label = Label(label), let index = self.labels.value(label.key) else { return nil }
        return self.account(AccountIndex(UInt32(truncatingIfNeeded: index)))
    }
}
