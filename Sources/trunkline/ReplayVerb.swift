// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management

extension Verb {
    static let replay = Verb(
        name: "replay", operands: "IN.pcap --flows FILE --out FILE",
        summary: "run a capture through the fast path",
        details: """
            Runs the packets of a capture through the real fast path, in the capture's own time,
            with the flows of a JSON file; writes what it would send to another capture, and prints
            what became of every packet. Needs no privileges and no network.

            The flows file, with the defaults of what may be left out:
            {
              "realm": {"addresses": ["198.18.1.1"], "ports": "1024-65535", "dscp": 0, "vlan": 0,
                        "gateway_mac": "02:00:00:00:00:01"},
              "flows": [
                {"name": "a", "peer": "b", "local": "198.18.1.1:20000", "remote": "198.18.1.2:6000",
                 "payload_types": [0, {"ingress": 96, "egress": 101}],
                 "flags": ["receive", "send"], "ssrc": 1, "initial_sequence": 0,
                 "initial_timestamp": 0, "remote_rtcp_port": 0, "dscp": 0, "clock_rate_hz": 8000,
                 "packets_per_second": 100, "bits_per_second": 192000, "media_timeout_ms": 0,
                 "learn_window_ms": 0, "rtcp_interval_ms": 0,
                 "srtp": {"receive": "1 SUITE inline:...", "send": "1 SUITE inline:..."},
                 "ice": {"ufrag": "...", "password": "...", "remote_ufrag": "...",
                         "early_latch": false}},
                {"name": "b", ...}
              ]
            }
            Flags: receive, send, rtcp_mux, rtcp, learn, deliver. local and payload_types of a flow
            are required, and the addresses of the realm. "peer" names the flow by which its media
            leaves. "srtp" takes the values of both a=crypto lines, the party's and ours; a flow
            without it is RTP. "ice" makes the flow an ICE-lite agent.
            Exit status: 0 if every packet is accounted for and every flow was installed, 1
            otherwise, 2 if the flows file has a fault.
            """,
        options: [
            Option(name: "flows", value: "FILE", help: "the flows; required"),
            Option(name: "out", value: "FILE", help: "the capture to write; required"),
            Option(name: "binary", value: "PATH", help: "the fast path's program"),
        ]
    ) { (arguments) throws(Failure) in
        let input = try arguments.operands(1...1, "one IN.pcap")[0]
        guard let flowsPath = arguments["flows"], let output = arguments["out"] else {
            throw .usage("--flows FILE and --out FILE are required")
        }
        let flows = try FlowsFile(reading: flowsPath)
        try Files.requireReadable(input)
        let replay = try Replay(
            flows: flows, input: input, output: output,
            program: arguments["binary"] ?? FastPathProgram.path)
        let result = try replay.run()
        if arguments.wantsJSON {
            Terminal.print(result.report)
        } else {
            Terminal.print(PacketTables.text(result.report, all: false))
        }
        return result.isGood ? .ok : .no
    }
}

extension FlowsFile {
    init(reading path: String) throws(Failure) {
        let bytes = try Files.read(path, limit: 64 << 20)
        let document: JSONValue
        do {
            document = try JSONValue(
                parsing: bytes, limits: .init(bytes: 64 << 20, values: 10_000_000))
        } catch {
            throw .usage("\(path): \(error)")
        }
        do throws(Failure) {
            try self.init(document)
        } catch {
            throw .usage("\(path): \(error.text)")
        }
    }
}

/// One run of the fast path over a capture.
struct Replay {
    let flows: FlowsFile
    let input: String
    let output: String
    let program: String

    init(flows: FlowsFile, input: String, output: String, program: String) throws(Failure) {
        for path in [input, output] where path.contains(",") {
            throw .usage("\(path): a path with a comma cannot be given to the fast path")
        }
        (self.flows, self.input, self.output) = (flows, input, output)
        self.program = program
    }

    /// The command line, with the file of the commands to run.
    func words(commands: String, core: Int) -> [String] {
        let addresses = self.flows.addresses.map { "address=\($0)" }.joined(separator: ",")
        let realm =
            "name=replay,attach=pcap,interface=\(self.input),output=\(self.output),"
            + "\(addresses),ports=\(self.flows.ports.lowerBound)-\(self.flows.ports.upperBound),"
            + "dscp=\(self.flows.dscp),vlan=\(self.flows.vlan),gateway-mac=\(self.flows.gatewayMAC)"
        return [
            self.program, "--replay", "--commands", commands, "--cores", "\(core)", "--no-huge",
            "--flows-per-worker", "\(max(2, self.flows.flows.count))", "--realm", realm,
        ]
    }

    func run() throws(Failure) -> (report: JSONValue, isGood: Bool) {
        let commands = try Files.makeTemporary()
        defer { unlink(commands) }
        try Files.write(self.flows.commands, to: commands)
        let (status, output) = try FastPathProgram.run(
            self.words(commands: commands, core: FastPathProgram.cores.first ?? 0))
        guard let report = FastPathProgram.objects(in: output).last else {
            throw .no("nothing was replayed: \(FastPathProgram.name) ended with status \(status)")
        }
        return (report, status == 0)
    }
}
