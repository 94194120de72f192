// SPDX-License-Identifier: Apache-2.0

import Glibc
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

    /// Longest that a change waits for calls that are looking at what it takes away.
    private static let waitMilliseconds = 2_000

    /// Makes a committed change seen by calls; waits where readers are behind, so not on the loop.
    func apply(_ change: DirectoryChange) {
        for _ in 0..<Self.waitMilliseconds {
            do throws(FieldFault) {
                return try self.directory.apply(change)
            } catch where error.field == DirectoryCounters.waitingField {
                usleep(1_000)
            } catch {
                self.lastFault.withLock { $0 = error }
                return
            }
        }
        self.lastFault.withLock {
            $0 = FieldFault(
                .limitReached, DirectoryCounters.waitingField, "stayed full", "a restart")
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
