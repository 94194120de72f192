// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SessionDriver

/// The words of the command line, checked.
struct Options {
    enum Verb: String { case hold, latency }

    var verb = Verb.hold
    var directory = "/run/trunkline"
    var calls: Int?
    var held = 0
    var seconds = 30
    var plan: String?
    var parties: [IPAddress] = []
    var partiesB: [IPAddress] = []
    var opensBudgets = false
    var asleep = false
    var convertsDigits = false
    /// Of B's legs.
    var suite: SRTPSuite?

    private static let suites: [String: SRTPSuite] = [
        "cm80": .aes128CM80, "cm32": .aes128CM32, "cm256_80": .aes256CM80,
        "cm256_32": .aes256CM32, "gcm128": .aes128GCM, "gcm256": .aes256GCM,
    ]

    static let help = """
        usage: trunkline-sessions hold --parties ADDRESS[,...] [--calls N] [--plan FILE] [options]
               trunkline-sessions latency --parties ADDRESS[,...] [--calls N] [--asleep] [options]
               trunkline-sessions handshakes [--seconds S]

        Is the control plane of a running trunkline-fastpath, without signalling: plans, programs
        and holds G.711 calls of two flows with the product's own modules. Party A is in the first
        realm, B in the second, where there is one.

        hold      installs the calls, writes the plan for trunkline-bench, prints one line of JSON,
                  and holds them, through restarts of the fast path too, until SIGTERM, SIGINT or
                  the end of standard input. Then it removes them.
        latency   installs calls one after the other, removes them likewise, and prints one line of
                  JSON: per command the time from before it was published until after its answer was
                  read, polling all the time. After that, with 1,024 calls or a few more and without
                  haste (and not with --asleep), CPU time of the thread for planning and programming
                  a call's two flows: what it spends waiting is not in that, nor is reading the
                  clock (cpu_clock_us).

        handshakes  DTLS-SRTP handshakes a second of one core, by the product's module and by
                  OpenSSL with nothing around it, in turns; prints one line of JSON. S is 1 to
                  600 (10).

          --directory DIR     where the fast path's files are (/run/trunkline)
          --parties ADDRESS[,ADDRESS...]    where the parties are: even ports from 10000 upward,
                              27768 an address
          --parties-b ADDRESS[,ADDRESS...]  where B is, if not at the same addresses
          --calls N           hold: 1 to 100000 (1); latency: at most so many (10000; asleep 20)
          --plan FILE         where the plan goes; it appears in one step
          --open-budgets      a stream may take 1,000,000 packets and 1,000,000,000 bits a second
                              instead of twice its codec's
          --digits            tones in A's audio become telephone-events for B, and B's
                              telephone-events tones for A
          --srtp SUITE        B's legs are secure: cm80, cm32, cm256_80, cm256_32, gcm128, gcm256;
                              the plan has the keys
          --held N            latency: so many calls are held besides, 0 to 100000 (0)
          --seconds S         latency: at most so long, 1 to 3600 (30)
          --asleep            latency: 20 ms of pause before each call's installation, so that a
                              worker without flows is asleep; control_us says how long a thread of
                              its core, before all others there, took to wake in each pause

        Exit: 0 done, 64 wrong arguments, 69 no fast path, or not enough of it.
        """

    init(parsing words: [String]) throws(Refusal) {
        guard let name = words.first, let verb = Verb(rawValue: name) else {
            throw Refusal(.usage, "say hold, latency or handshakes; --help explains them")
        }
        self.verb = verb
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--open-budgets": self.opensBudgets = true
            case "--asleep": self.asleep = true
            case "--digits": self.convertsDigits = true
            default:
                guard let value = rest.popFirst() else {
                    throw Refusal(.usage, "\(word) is not known, or lacks its value; see --help")
                }
                try self.read(word, value)
            }
        }
        guard !self.parties.isEmpty else {
            throw Refusal(.usage, "--parties is missing; --help explains it")
        }
    }

    private mutating func read(_ word: String, _ value: String) throws(Refusal) {
        switch word {
        case "--directory": self.directory = value
        case "--plan": self.plan = value
        case "--calls": self.calls = try Self.number(word, value, 1...100_000)
        case "--held": self.held = try Self.number(word, value, 0...100_000)
        case "--seconds": self.seconds = try Self.number(word, value, 1...3600)
        case "--srtp":
            guard let suite = Self.suites[value] else {
                throw Refusal(.usage, "--srtp \(value) is no suite; --help lists them")
            }
            self.suite = suite
        case "--parties": self.parties = try Self.addresses(word, value)
        case "--parties-b": self.partiesB = try Self.addresses(word, value)
        default: throw Refusal(.usage, "there is no option \(word); --help lists them")
        }
    }

    private static func number(
        _ word: String, _ value: String, _ range: ClosedRange<Int>
    ) throws(Refusal) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw Refusal(
                .usage,
                "\(word) \(value): write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func addresses(
        _ word: String, _ value: String
    ) throws(Refusal) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for text in value.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = IPAddress(String(text)), address.takesMedia else {
                throw Refusal(.usage, "\(word): \"\(text)\" is no address that takes media")
            }
            addresses.append(address)
        }
        return addresses
    }
}
