// SPDX-License-Identifier: Apache-2.0

public import Admission
internal import Glibc
import Management

/// What `trunkline size --save` leaves for `trunkline serve`: the cost of a packet on this machine
/// with this version.
public enum Calibration: Sendable, Equatable {
    /// Nobody measured.
    case absent
    /// Measured here.
    case good(WorkerCost)
    /// There is a file that is not used; a sentence why.
    case refused(String)

    private static let sizeMax = 65536

    /// The file in a state directory.
    public static func path(in stateDirectory: String) -> String {
        stateDirectory + "/calibration.json"
    }

    /// Reads what is in the state directory, for this machine.
    public init(stateDirectory: String, machine: Machine) {
        let path = Self.path(in: stateDirectory)
        guard let text = SystemFiles.text(path) else {
            self =
                access(path, F_OK) == 0 ? .refused("\(path) cannot be read") : .absent
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.sizeMax, let value = try? JSONValue(parsing: bytes) else {
            self = .refused("\(path) is damaged")
            return
        }
        guard value["machine"]?.string == machine.identity else {
            self = .refused("\(path) is of another machine")
            return
        }
        guard value["version"]?.string == Version.text else {
            self = .refused("\(path) is of another version of Trunkline")
            return
        }
        let samples = (value["samples"]?.array ?? []).compactMap { sample in
            sample["calls"]?.integer.flatMap { calls in
                sample["ns_per_packet"]?.double.map {
                    WorkerCost.Sample(calls: Int(clamping: calls), nsPerPacket: $0)
                }
            }
        }
        guard let cost = WorkerCost(samples) else {
            self = .refused("\(path) is damaged")
            return
        }
        self = .good(cost)
    }

    /// Writes the file in one step; makes the directory. Throws a sentence.
    public static func save(
        _ cost: WorkerCost, stateDirectory: String, machine: Machine
    ) throws(NodeError) {
        let samples = cost.samples.map { sample -> JSONValue in
            ["calls": JSONValue(sample.calls), "ns_per_packet": .number(sample.nsPerPacket)]
        }
        let value: JSONValue = [
            "version": .string(Version.text), "machine": .string(machine.identity),
            "samples": .array(samples),
        ]
        mkdir(stateDirectory, 0o755)
        let path = Self.path(in: stateDirectory)
        let draft = path + ".new"
        func failure() -> NodeError { NodeError("\(path): \(String(cString: strerror(errno)))") }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure() }
        let bytes = value.encoded(pretty: false) + [0x0a]
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count
        guard close(descriptor) == 0, isWritten, rename(draft, path) == 0 else {
            let failure = failure()
            unlink(draft)
            throw failure
        }
    }
}
