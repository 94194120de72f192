// SPDX-License-Identifier: Apache-2.0
// contract-control attach FILE [loop]           reads the fast path's file to its end
// contract-control run DIRECTORY CALLS [option=value ...]
//     restore=1        the calls are of before this process
//     kill-at-poll=N   dies in the N-th poll, as kill -9 would have it
//     secure=1         leg b of each call is secure
//     polls=N          ends after N polls without having got what it wants: exit code 3
// Reads commands on standard input once its calls are installed: "end" ends all calls,
// "hold" holds them, "wait" polls on until something happens; ends with the input.

import CallControl
import FlowABI
import FlowProgramming
import Glibc
import NetworkAddress
import SessionDriver

guardSharedFiles()
let arguments = CommandLine.arguments

/// A line at once, whatever standard output is.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}

func attach(_ path: String, loops: Bool) -> Int32 {
    do throws(FileRefusal) {
        let file = try FastPathFile(attaching: path)
        say("attach ok")
        var sum: UInt64 = 0
        repeat {
            for index in 0..<file.geometry.flows {
                sum &+= file.record(FlowIndex(index))?.statistics.receivedBytes ?? 0
            }
            for worker in 0..<file.geometry.workers {
                sum &+= file.counters(WorkerIndex(worker))?.unknownDrops ?? 0
            }
            sum &+= UInt64(file.realms.count + file.addresses.count)
            sum &+= file.heartbeatNs
        } while loops
        return sum == .max ? 1 : 0
    } catch {
        say("attach \(error.name)")
        return 0
    }
}

func option(_ name: String) -> Int? {
    for argument in arguments.dropFirst(4) where argument.hasPrefix(name + "=") {
        return Int(argument.dropFirst(name.count + 1))
    }
    return nil
}

/// Call `number`: both legs in the same block of 512 ports.
func intent(_ number: Int, held: Bool) -> MediaIntent {
    func leg(_ index: UInt16) -> MediaIntent.Leg {
        let port = UInt16(20_480 + number % 2 * 512 + number / 2 * 2)
        let address = IPAddress(ipv4: 0xc000_0201 + UInt32(index))
        var leg = MediaIntent.Leg(
            local: MediaPort(
                addressIndex: index, rtp: SocketAddress(address: address, port: port)))
        leg.remote = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: port)
        leg.receive = !held
        leg.send = !held
        leg.payloadTypes = [.init(ingress: 0, egress: 0)]
        return leg
    }
    var intent = MediaIntent(a: leg(0), b: leg(1))
    if option("secure") == 1 {
        // What the tests look for in the files.
        let key = SRTPKey(
            suite: 5, key: Array(0xe0...0xef), salt: Array(repeating: 7, count: 12))
        intent.b.security = LegSecurity(keyID: UInt64(number) + 1000, receive: key, send: key)
    }
    return intent
}

final class Driver {
    let sessions: SessionDriver
    let calls: Int
    var polls = 0

    init(_ directory: String, _ calls: Int) {
        self.sessions = SessionDriver(directory: directory, report: say)
        self.calls = calls
    }

    var programmer: FlowProgrammer { self.sessions.programmer }

    func poll() {
        self.polls += 1
        if self.polls == option("kill-at-poll") { kill(getpid(), SIGKILL) }
        self.sessions.poll()
        usleep(200)
    }

    func poll(until isDone: () -> Bool) {
        while !isDone() {
            self.poll()
            if let most = option("polls"), self.polls > most {
                say("gave up: \(self.programmer.state) \(self.programmer.counters)")
                exit(3)
            }
        }
    }

    func startAll(restoring: Bool) {
        let sessions = (0..<self.calls).map { ($0, MediaSession(UInt64($0))) }
        if restoring {
            for (number, session) in sessions {
                self.programmer.restore(session, intent(number, held: false))
            }
        }
        self.programmer.begin()
        if restoring { return }
        self.poll { self.programmer.state == .matched }
        for (number, session) in sessions {
            let wish = intent(number, held: false)
            _ = self.programmer.ports.reserve(again: wish.a.local)
            _ = self.programmer.ports.reserve(again: wish.b.local)
            do {
                try self.programmer.start(session, wish)
            } catch {
                say("start \(error)")
                exit(4)
            }
        }
    }

    func holdAll() {
        self.sessions.installed = []
        for number in 0..<self.calls {
            do {
                try self.programmer.update(
                    MediaSession(UInt64(number)), intent(number, held: true))
            } catch {
                say("update \(error)")
                exit(4)
            }
        }
    }

    func serveInput() {
        while let line = readLine() {
            switch line {
            case "end":
                for number in 0..<self.calls { self.programmer.end(MediaSession(UInt64(number))) }
                self.poll { self.sessions.ended == self.calls && self.programmer.pending == 0 }
                say("ended \(self.sessions.ended)")
            case "hold":
                self.holdAll()
                self.poll { self.sessions.installed.count == self.calls }
                say("held \(self.sessions.installed.count)")
            case "rematch":
                let matches = self.programmer.counters.matches
                self.poll { self.programmer.counters.matches > matches }
                self.sessions.installed = []
                self.poll {
                    self.sessions.installed.count == self.calls && self.programmer.pending == 0
                }
                say("reinstalled \(self.sessions.installed.count)")
            case "spent":
                say("spent \(self.sessions.spent)")
            case "timeouts":
                self.poll { self.sessions.timeouts == 2 * self.calls }
                say("timeouts \(self.sessions.timeouts)")
            case "fault":
                self.poll { self.programmer.counters.faults > 0 }
                say("fault")
            default:
                for _ in 0..<50 { self.poll() }
                say("waited faults=\(self.programmer.counters.faults)")
            }
        }
    }
}

if arguments.count >= 3, arguments[1] == "attach" {
    exit(attach(arguments[2], loops: arguments.count > 3))
}
guard arguments.count >= 4, arguments[1] == "run", let calls = Int(arguments[3]) else {
    say("usage: contract-control attach FILE [loop] | run DIRECTORY CALLS [option=value ...]")
    exit(64)
}
let driver = Driver(arguments[2], calls)
driver.startAll(restoring: option("restore") == 1)
driver.poll {
    driver.sessions.installed.count + driver.sessions.refused / 2 >= calls
        && driver.programmer.pending == 0
}
say("installed \(driver.sessions.installed.count) \(driver.programmer.counters.orphansRemoved)")
driver.serveInput()
