// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import Provisioning

/// Brings a file of tenants or numbers to the node, and says of every line what became of it: CSV
/// on standard output, or a JSON object a line. A file can be imported again and again: what is
/// there already is unchanged.
enum ImportRun {
    private static let pieceBytes = 64 * 1024

    static func run(
        _ path: String, _ kind: ImportFile.Kind, _ access: ProvisioningAccess,
        _ arguments: Arguments, shared: JSONObject
    ) throws(Failure) -> ExitStatus {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .usage("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size <= ImportFile.bytesMax else {
            throw .usage("\(path): longer than \(ImportFile.bytesMax >> 20) MB; divide it")
        }
        let isJSON = arguments.wantsJSON
        if !isJSON {
            Terminal.write(CSVWriter.record(["line", kind.key, "state", "code", "reason"]))
        }
        var request = shared
        if arguments.has("dry-run") { request["dry-run"] = true }
        var run = BatchRun(kind.verb, kind, access, shared: request) { row in
            Terminal.write(
                isJSON
                    ? JSONValue.object(row.json(kind.key)).encoded() + [0x0a] : Self.record(row))
        }
        do throws(ImportFault) {
            try self.pass(descriptor, ImportFile(kind), size: Int(status.st_size), into: &run)
        } catch {
            throw .no("\(path): \(error); before it: \(run.summary)")
        }
        let rehearsal = arguments.has("dry-run") ? "it would be " : ""
        let stop = run.stop.map { "; stopped: \($0). Import the file again then" } ?? ""
        Terminal.error("\(path): \(rehearsal)\(run.summary)\(stop)")
        return run.isGood ? .ok : .no
    }

    /// Reads the file piece by piece.
    private static func pass(
        _ descriptor: Int32, _ file: ImportFile, size: Int, into run: inout BatchRun
    ) throws(ImportFault) {
        var file = file
        var progress = Progress()
        var bytes = 0
        var piece = [UInt8](repeating: 0, count: self.pieceBytes)
        reading: while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ImportFault("\(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += count
            for line in try file.read(Array(piece[..<count])) {
                guard self.add(line, &run) else { break reading }
            }
            progress.show { "\(bytes * 100 / max(size, 1)) %: \(run.summary)" }
        }
        progress.end()
        if run.stop == nil, let line = try file.finish() { _ = self.add(line, &run) }
        run.flush()
    }

    private static func add(_ line: ImportFile.Line, _ run: inout BatchRun) -> Bool {
        run.add(
            BatchRun.Item(
                line: line.number, key: line.key, element: line.element.map { .object($0) },
                problem: line.problem))
    }

    private static func record(_ row: BatchRun.Row) -> [UInt8] {
        CSVWriter.record(
            [row.line.map { "\($0)" } ?? "", row.key, row.state, row.code, row.reason]
                .map(Table.printable))
    }
}
