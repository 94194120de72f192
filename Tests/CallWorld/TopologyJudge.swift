// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress

/// Sees to it that no message shows one side's addresses to the other.
enum TopologyJudge {
    /// Addresses that must not stand in a message to `side`.
    static func hidden(from side: Side, _ phones: [Phone]) -> [String] {
        let own = side == .a ? World.boxB : World.boxA
        let seen = phones.filter { $0.side == side }.map { "\($0.address.address)" }
        let others = phones.filter { $0.side != side }.map { "\($0.address.address)" }
        return (others + ["\(own.address)"]).filter { !seen.contains($0) }
    }

    /// The first of these addresses that stands in a message as a whole.
    static func leak(in message: [UInt8], of addresses: [String]) -> String? {
        addresses.first { self.contains(message, Array($0.utf8)) }
    }

    private static func contains(_ message: [UInt8], _ word: [UInt8]) -> Bool {
        guard message.count >= word.count, let first = word.first else { return false }
        func isPart(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        for index in 0...(message.count - word.count) where message[index] == first {
            let end = index + word.count
            guard message[index..<end].elementsEqual(word) else { continue }
            if index > 0, isPart(message[index - 1]) { continue }
            if end < message.count, isPart(message[end]) { continue }
            return true
        }
        return false
    }
}
