// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Tenancy

/// The tenants of the node: the tables that calls read, and what became of changes that could not
/// be made in them. The store checks what it takes, so that none should be left.
final class Tenants: Sendable {
    /// What is read and changed.
    let directory: TenantDirectory
    private let lastFault = Mutex<FieldFault?>(nil)

    init(_ directory: TenantDirectory = TenantDirectory()) {
        self.directory = directory
    }

    /// Makes a committed change seen by calls.
    func apply(_ change: DirectoryChange) {
        do throws(FieldFault) {
            try self.directory.apply(change)
        } catch {
            self.lastFault.withLock { $0 = error }
        }
    }

    /// The trunks to services from now on.
    func follow(_ trunks: [CarrierTrunk]) {
        do throws(FieldFault) {
            try self.directory.setTrunks(trunks)
        } catch {
            self.lastFault.withLock { $0 = error }
        }
    }

    /// Why calls do not see all that the store has; nil: they do.
    var fault: FieldFault? { self.lastFault.withLock { $0 } }
}
