// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Store

private func message(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A process of its own that takes a message in hand and is killed with it.
private func dieWith(_ text: String, in path: String) async {
    await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, text = text as String] in
        let inHand = MessageInHand(path: path)
        if inHand.take(message(text)) { kill(getpid(), SIGKILL) }
    }
}

extension Scratch {
    fileprivate var inHand: String { self.path + "/in-hand.shm" }

    fileprivate func removeInHand() { unlink(self.inHand) }
}

@Test func messageOfTwoCrashesIsRefused() async throws {
    let scratch = try Scratch()
    defer { scratch.removeInHand() }
    let path = scratch.inHand
    await dieWith("poison", in: path)
    do {
        let inHand = MessageInHand(path: path)
        #expect(inHand.problem == nil && inHand.hasFoundOne && inHand.refusedCount == 0)
        #expect(inHand.take(message("poison")))
        inHand.layDown()
    }
    // Once more after a proper end, and after a crash with another message in between.
    await dieWith("bystander", in: path)
    await dieWith("poison", in: path)
    let inHand = MessageInHand(path: path)
    #expect(inHand.hasFoundOne && inHand.refusedCount == 1)
    #expect(!inHand.take(message("poison")))
    #expect(inHand.take(message("bystander")))
    #expect(inHand.take(message("poison ")))
    inHand.layDown()
}

@Test func crashWithoutAMessageBlamesNone() async throws {
    let scratch = try Scratch()
    defer { scratch.removeInHand() }
    for _ in 0..<2 {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = scratch.inHand as String] in
            let inHand = MessageInHand(path: path)
            if inHand.take(message("harmless")) { inHand.layDown() }
            kill(getpid(), SIGKILL)
        }
    }
    let inHand = MessageInHand(path: scratch.inHand)
    #expect(!inHand.hasFoundOne && inHand.refusedCount == 0)
    #expect(inHand.take(message("harmless")))
}

/// Without a child: what a crash leaves is what a value leaves that is let go with its message.
@Test func oldCrashesAreForgotten() throws {
    let scratch = try Scratch()
    defer { scratch.removeInHand() }
    func crash(_ text: String) {
        _ = MessageInHand(path: scratch.inHand).take(message(text))
    }
    crash("old")
    crash("old")
    #expect(MessageInHand(path: scratch.inHand).refusedCount == 1)
    for number in 0..<MessageInHand.crashesMax - 1 { crash("other \(number)") }
    #expect(MessageInHand(path: scratch.inHand).refusedCount == 0)
}

@Test func fileInUseIsAProblemAndMessagesPass() async throws {
    let scratch = try Scratch()
    defer { scratch.removeInHand() }
    let owner = MessageInHand(path: scratch.inHand)
    #expect(owner.take(message("mine")))
    await #expect(processExitsWith: .exitCode(7)) {
        [path = scratch.inHand as String] in
        let second = MessageInHand(path: path)
        let isRefused = second.problem?.contains("in-hand.shm") == true && !second.hasFoundOne
        if isRefused, second.take(message("yours")) { exit(7) }
    }
    owner.layDown()
}

@Test func fileThatCannotBeIsAProblemAndMessagesPass() throws {
    let scratch = try Scratch()
    let nowhere = MessageInHand(path: scratch.path + "/missing/in-hand.shm")
    #expect(nowhere.problem?.contains("missing") == true && nowhere.take(message("mine")))
    nowhere.layDown()
}

@Test(arguments: [0, 1, 8, 24, 4095, 4096, 9000])
func fileOfAnotherLayoutIsBegunAnew(bytes: Int) throws {
    let scratch = try Scratch()
    defer { scratch.removeInHand() }
    try spoil(
        scratch.inHand, with: [UInt8](repeating: 0xee, count: bytes), at: 0, truncate: true)
    let inHand = MessageInHand(path: scratch.inHand)
    #expect(inHand.problem == nil && !inHand.hasFoundOne && inHand.refusedCount == 0)
    #expect(inHand.take(message("a")))
    inHand.layDown()
    var status = stat()
    #expect(stat(scratch.inHand, &status) == 0)
    #expect(status.st_size == 4096 && status.st_mode & 0o777 == 0o600)
}

@Test func digestsTellMessagesApart() {
    let base = [UInt8](repeating: 0x20, count: 61)
    var digests: Set<UInt64> = [Digest.of(base), Digest.of([])]
    for index in base.indices {
        var other = base
        other[index] ^= 1
        digests.insert(Digest.of(other))
        digests.insert(Digest.of(Array(base[..<index])))
    }
    #expect(digests.count == 2 * base.count + 1)
    #expect(!digests.contains(0))
}
