// SPDX-License-Identifier: Apache-2.0

public import Configuration
import FlowABI
internal import Glibc
import SIPTransport

/// The control plane of one node.
public enum Node {
    /// How long a stop waits for calls to end, seconds. What is left keeps its media and is found
    /// again at the next start.
    public static let stopSeconds: UInt64 = 20

    /// Runs until the process is told to stop. `path` is where the configuration came from; it is
    /// read again on SIGHUP. Throws a sentence when it cannot start.
    public static func run(_ configuration: NodeConfiguration, path: String) throws(NodeError) {
        guardSharedFiles()
        try self.makeDirectory(configuration.node.runtimeDirectory)
        let lock = try self.lock(configuration.node.runtimeDirectory)
        defer { close(lock) }
        let shard = try Shard(configuration, path: path)
        try shard.open()
        let notification = ServiceNotification()
        do {
            try shard.loop.onSignal(SIGHUP) { shard.reload() }
            for number in [SIGTERM, SIGINT] {
                try shard.loop.onSignal(number) { shard.stop(after: Self.stopSeconds) }
            }
        } catch {
            throw NodeError("\(error)")
        }
        if let milliseconds = notification.watchdogMilliseconds {
            shard.timers?.start(.watchdog(milliseconds), milliseconds: milliseconds)
        }
        notification.send("READY=1")
        Log.line("trunkline: \(configuration.node.name) serves")
        shard.loop.run()
        notification.send("STOPPING=1")
        shard.close()
    }

    /// Before anything of a running node is touched: the directory is one process's.
    private static func lock(_ directory: String) throws(NodeError) -> Int32 {
        let path = directory + "/serve.lock"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw NodeError("\(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw NodeError(
                "another trunkline serve runs in \(directory). "
                    + "Stop it first, or name another runtime-directory")
        }
        return descriptor
    }

    private static func makeDirectory(_ path: String) throws(NodeError) {
        guard mkdir(path, 0o770) != 0, errno != EEXIST else { return }
        throw NodeError(
            "runtime-directory \(path): \(String(cString: strerror(errno))). "
                + "Make the directory, or name another one")
    }
}

/// What this program is.
public enum Version {
    /// Of this source.
    public static let text = "0.1.0"
}
