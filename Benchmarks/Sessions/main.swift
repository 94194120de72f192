// SPDX-License-Identifier: Apache-2.0
// trunkline-sessions: the control plane that benchmarks need. `--help` says what it does.

import FlowABI
import Glibc
import SessionDriver

/// A line at once, whatever standard output is.
func say(_ line: String) { put(line, STDOUT_FILENO) }

/// A line for people.
func complain(_ line: String) { put("trunkline-sessions: \(line)", STDERR_FILENO) }

private func put(_ line: String, _ descriptor: Int32) {
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
}

guardSharedFiles()
let words = Array(CommandLine.arguments.dropFirst())
if words.contains("--help") || words.contains("-h") {
    say(Options.help)
    exit(0)
}
do throws(Refusal) {
    if words.first == "handshakes" {
        try Handshakes.run(Array(words.dropFirst()))
        exit(0)
    }
    let options = try Options(parsing: words)
    switch options.verb {
    case .hold: try hold(options)
    case .latency: try Latency.run(options)
    }
} catch {
    complain(error.text)
    exit(error.code.rawValue)
}
