// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Tells the service manager how the process is (sd_notify(3)), when one listens.
struct ServiceNotification {
    private let path: String?
    /// How often WATCHDOG=1 is due, milliseconds: a third of what the manager asks for.
    let watchdogMilliseconds: UInt64?

    init() {
        self.path = Self.environment("NOTIFY_SOCKET")
        let period = Self.environment("WATCHDOG_USEC").flatMap { UInt64($0) }
        self.watchdogMilliseconds = period.map { max($0 / 3000, 10) }
    }

    /// Sends one message, such as `READY=1`. A manager that is not there is no fault.
    func send(_ message: String) {
        guard let path, path.utf8.count < 108 else { return }
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { place in
            // A leading @ stands for the abstract name space.
            let name = path.utf8.enumerated().map { $0 == 0 && $1 == 0x40 ? 0 : $1 }
            place.copyBytes(from: name)
        }
        let length = MemoryLayout<sa_family_t>.size + path.utf8.count
        let bytes = Array(message.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0,
                    socklen_t(length))
            }
        }
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
