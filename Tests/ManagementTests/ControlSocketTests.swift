// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import SIPTransport
import Synchronization
import Testing

/// A server on its own loop, and clients on other threads, as in life.
final class ControlFixture {
    let loop: EventLoop
    let server: ControlServer
    let path: String

    init() throws {
        self.loop = try EventLoop()
        self.server = ControlServer(loop: self.loop)
        self.path = "/tmp/trunkline-control-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        self.server.handle("echo") { .success(.object($0)) }
        self.server.handle("size") { arguments in
            let count = Int(arguments["bytes"]?.integer ?? 0)
            return .success(.string(String(repeating: "x", count: count)))
        }
        self.server.handle("no") { _ in .failure(ControlError(.notFound, "there is none")) }
        try self.server.listen(path: self.path)
    }

    deinit {
        self.server.close()
        self.loop.close()
        unlink(self.path)
    }

    /// Asks from another thread while the loop runs here.
    func ask(_ request: ControlRequest) -> ControlAnswer? {
        self.onThread { ControlClient.ask(request, path: $0, timeoutMilliseconds: 4000) }
    }

    func onThread<Result: Sendable>(_ body: @escaping @Sendable (String) -> Result) -> Result? {
        let box = Box<Result>()
        let path = self.path
        startThread {
            let result = body(path)
            box.value.withLock { $0 = result }
        }
        _ = self.loop.run(for: 5000) { box.value.withLock { $0 != nil } }
        return box.value.withLock { $0 }
    }

    /// Sends raw bytes and reads until the server closes or says `lines` lines.
    func raw(_ bytes: [UInt8], lines: Int) -> [UInt8]? {
        self.onThread { path in
            guard let descriptor = connected(path) else { return [] }
            defer { close(descriptor) }
            var output: [UInt8] = []
            guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) >= 0 else { return [] }
            var chunk = [UInt8](repeating: 0, count: 4096)
            while output.filter({ $0 == 0x0a }).count < lines {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                output.append(contentsOf: chunk[..<count])
            }
            return output
        }
    }
}

final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

func connected(_ path: String) -> Int32? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    if status == 0 { return descriptor }
    close(descriptor)
    return nil
}

@Test func requestsAreAnswered() throws {
    let fixture = try ControlFixture()
    let request = ControlRequest(verb: "echo", arguments: ["trunk": "carrier", "deadline": 3])
    #expect(fixture.ask(request) == .success(["trunk": "carrier", "deadline": 3]))
    #expect(
        fixture.ask(ControlRequest(verb: "no"))
            == .failure(ControlError(.notFound, "there is none")))
    guard case .failure(let error) = fixture.ask(ControlRequest(verb: "dance")) else {
        Issue.record("an unknown verb was answered")
        return
    }
    #expect(error.code == .unknownVerb)
    #expect(error.text.contains("echo, no, size"))
    #expect(fixture.server.counters.answered == 1)
    #expect(fixture.server.counters.refused == 2)
}

@Test func socketBelongsToOwnerAndGroup() throws {
    let fixture = try ControlFixture()
    var info = stat()
    #expect(stat(fixture.path, &info) == 0)
    #expect(info.st_mode & 0o777 == 0o660)
}

@Test func staleSocketIsReplaced() throws {
    let path = "/tmp/trunkline-stale-\(getpid()).sock"
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            #expect(bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
        }
    }
    close(descriptor)
    defer { unlink(path) }
    let loop = try EventLoop()
    defer { loop.close() }
    let server = ControlServer(loop: loop)
    try server.listen(path: path)
    // A living one is not taken from its owner.
    #expect(throws: TransportError.self) { try ControlServer(loop: loop).listen(path: path) }
}

@Test func largeAnswersArriveWhole() throws {
    let fixture = try ControlFixture()
    let answer = fixture.ask(ControlRequest(verb: "size", arguments: ["bytes": 2_000_000]))
    guard case .success(.string(let text)) = answer else {
        Issue.record("no answer")
        return
    }
    #expect(text.utf8.count == 2_000_000)
}

@Test func pipelinedAndBrokenRequests() throws {
    let fixture = try ControlFixture()
    let lines = """
        {"verb":"echo","arguments":{"a":1}}
        nonsense
        {"arguments":{}}
        {"verb":"echo","arguments":[]}
        {"verb":"echo"}

        """
    let output = fixture.raw(Array(lines.utf8), lines: 5) ?? []
    let answers = String(decoding: output, as: UTF8.self).split(separator: "\n")
    #expect(answers.count == 5)
    #expect(answers.first == #"{"result":{"a":1}}"#)
    #expect(answers.last == #"{"result":{}}"#)
    #expect(answers.filter { $0.contains("bad_request") }.count == 3)
}

@Test func answersThatComeLaterComeInOrder() throws {
    let fixture = try ControlFixture()
    var waiting: [(JSONObject, (ControlAnswer) -> Void)] = []
    fixture.server.handle(
        "later", later: { arguments, _, answer in waiting.append((arguments, answer)) })
    let other = Box<ControlAnswer>()
    let path = fixture.path
    startThread {
        let answer = ControlClient.ask(
            ControlRequest(verb: "later", arguments: ["n": 3]), path: path)
        other.value.withLock { $0 = answer }
    }
    #expect(fixture.loop.run(for: 5000) { waiting.count == 1 })
    let lines = """
        {"verb":"later","arguments":{"n":1}}
        {"verb":"echo","arguments":{"n":2}}

        """
    let box = Box<[UInt8]>()
    startThread {
        guard let descriptor = connected(path) else { return }
        defer { close(descriptor) }
        send(descriptor, lines, lines.utf8.count, Int32(MSG_NOSIGNAL))
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while output.count(where: { $0 == 0x0a }) < 2 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            output += chunk[..<count]
        }
        box.value.withLock { [output] in $0 = output }
    }
    #expect(fixture.loop.run(for: 5000) { waiting.count == 2 })
    // The connection's next request waits; other connections do not.
    #expect(fixture.server.counters.answered == 0)
    for (arguments, answer) in waiting.reversed() {
        answer(.success(.object(arguments)))
        // A second answer counts for nothing at the client.
        answer(.success("twice"))
    }
    #expect(fixture.loop.run(for: 5000) { box.value.withLock { $0 != nil } })
    #expect(fixture.loop.run(for: 5000) { other.value.withLock { $0 != nil } })
    let output = String(decoding: box.value.withLock { $0 } ?? [], as: UTF8.self)
    #expect(output == "{\"result\":{\"n\":1}}\n{\"result\":{\"n\":2}}\n")
    #expect(other.value.withLock { $0 } == .success(["n": 3]))
}

@Test func aClientThatLeavesIsNotAnswered() throws {
    let fixture = try ControlFixture()
    var waiting: ((ControlAnswer) -> Void)?
    fixture.server.handle("later", later: { _, _, answer in waiting = answer })
    let descriptor = try #require(connected(fixture.path))
    let line = "{\"verb\":\"later\"}\n"
    send(descriptor, line, line.utf8.count, Int32(MSG_NOSIGNAL))
    #expect(fixture.loop.run(for: 5000) { waiting != nil })
    close(descriptor)
    waiting?(.success(true))
    #expect(fixture.loop.run(for: 5000) { fixture.server.clientCount == 0 })
    // Nor is one whose server has closed meanwhile.
    waiting?(.success(true))
}

@Test func detailsOfAnErrorArrive() throws {
    let fixture = try ControlFixture()
    let error = ControlError(.init(rawValue: "not_unique"), "no", details: ["field": "a.b"])
    fixture.server.handle("fault") { _ in .failure(error) }
    #expect(fixture.ask(ControlRequest(verb: "fault")) == .failure(error))
    #expect(error.json == ["code": "not_unique", "text": "no", "field": "a.b"])
}

@Test func tooLongRequestEndsTheConnection() throws {
    let fixture = try ControlFixture()
    let bytes = [UInt8](repeating: 0x20, count: ControlServer.requestBytesMax + 1)
    let output = fixture.raw(bytes, lines: 1) ?? []
    #expect(String(decoding: output, as: UTF8.self).contains("longer than 65536 bytes"))
    #expect(fixture.server.counters.tooLong == 1)
    #expect(fixture.loop.run(for: 2000) { fixture.server.clientCount == 0 })
}

@Test func clientsAreLimited() throws {
    let fixture = try ControlFixture()
    let over = 3
    let descriptors = (0..<ControlServer.clientsMax + over).compactMap { _ in
        connected(fixture.path)
    }
    defer { descriptors.forEach { _ = close($0) } }
    #expect(descriptors.count == ControlServer.clientsMax + over)
    #expect(
        fixture.loop.run(for: 2000) {
            fixture.server.counters.tooManyClients == UInt64(over)
        })
    #expect(fixture.server.clientCount == ControlServer.clientsMax)
}

@Test func nobodyListens() {
    let answer = ControlClient.ask(
        ControlRequest(verb: "status"), path: "/tmp/trunkline-nobody.sock")
    guard case .failure(let error) = answer else {
        Issue.record("answered by nobody")
        return
    }
    #expect(error.code == ControlClient.notRunning)
}

@Test func aServerThatSaysNothingIsNotWaitedForLong() throws {
    let path = "/tmp/trunkline-silent-\(getpid()).sock"
    defer { unlink(path) }
    let loop = try EventLoop()
    defer { loop.close() }
    let listener = try ByteListener(loop: loop, path: path, queueLimit: 1000) { _ in }
    defer { listener.close() }
    let answer = ControlClient.ask(
        ControlRequest(verb: "status"), path: path, timeoutMilliseconds: 50)
    guard case .failure(let error) = answer else {
        Issue.record("answered by a server that does not run")
        return
    }
    #expect(error.code == .noAnswer)
}

/// Runs a body on a thread of its own: the pool of tasks may be busy with tests that wait.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body)).toOpaque()
    pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, work)
    pthread_detach(thread)
}
