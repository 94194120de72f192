// SPDX-License-Identifier: Apache-2.0

import Glibc
import Provisioning
import Store

/// The store's file where no process runs: opened with the first request, and made only by one
/// that changes something, so that a path that is mistyped is told and not filled.
final class LocalStore {
    private let path: String
    private var opened: ProvisioningService?

    init(path: String) {
        self.path = path
    }

    init(_ service: ProvisioningService) {
        self.path = ""
        self.opened = service
    }

    /// What requests that only read end in.
    private static let reading = ["-list", "-show", "-status"]

    /// For a request of this verb.
    func service(for verb: String) throws(Failure) -> ProvisioningService {
        if let opened { return opened }
        let directory = self.directory
        if access(directory, F_OK) != 0 {
            throw .no(
                "no process is running, and the store's directory \(directory): "
                    + "\(String(cString: strerror(errno))); appliance/install makes the usual one, "
                    + "--store FILE names another store")
        }
        let onlyReads = Self.reading.contains { verb.hasSuffix($0) }
        if onlyReads, access(self.path, F_OK) != 0 {
            throw .no(
                "no process is running, and there is no store \(self.path); --store FILE names "
                    + "another one, trunkline serve and the first change make one")
        }
        let service = try self.open()
        self.opened = service
        return service
    }

    private var directory: String {
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    private func open() throws(Failure) -> ProvisioningService {
        do throws(StoreFault) {
            let store = try SQLiteStore(path: self.path)
            return ProvisioningService(store: store) {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
            }
        } catch {
            throw .no("no process is running, and of the store: \(error)")
        }
    }
}
