// SPDX-License-Identifier: Apache-2.0

import FlowABI

/// One port pair of one local address.
struct PortKey: Hashable {
    let address: AddressIndex
    /// The even port.
    let port: UInt16

    /// Each call hashes its ports some twenty times. A multiplication does: the library's hash
    /// guards against keys that a stranger chooses, and these we choose.
    func _rawHashValue(seed: Int) -> Int {
        let value = UInt64(self.address.value) << 16 | UInt64(self.port)
        let product = (value ^ UInt64(truncatingIfNeeded: seed)) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: product ^ product >> 32)
    }
}

/// The free ports of one realm, family and worker, least recently used first. Three queues: put
/// back unused, never used, resting in the order of their release. Ports that were taken out of
/// the middle are only marked and skipped later.
struct PortShelf {
    private var fresh: Queue<PortKey> = Queue()
    private var resting: Queue<(key: PortKey, sinceNs: UInt64)> = Queue()
    private var unused: [PortKey] = []
    /// What is free, whichever queue it stands in.
    private var free: Set<PortKey> = []
    /// When a free port that has rested was released; entries in `resting` that differ are stale.
    private var restingSince: [PortKey: UInt64] = [:]

    var isEmpty: Bool { self.free.isEmpty }

    /// Adds a port that was never used.
    mutating func append(_ key: PortKey) {
        self.fresh.append(key)
        self.free.insert(key)
    }

    /// The port whose last use is longest ago, if that is `restNs` or more. Times of rest are not
    /// after `nowNs`.
    mutating func take(nowNs: UInt64, restNs: UInt64) -> PortKey? {
        while let key = self.unused.popLast() {
            guard self.restingSince[key] == nil else { continue }
            if self.free.remove(key) != nil { return key }
        }
        while let key = self.fresh.popFirst() {
            guard self.restingSince[key] == nil else { continue }
            if self.free.remove(key) != nil { return key }
        }
        while let entry = self.resting.first {
            guard self.restingSince[entry.key] == entry.sinceNs else {
                self.resting.removeFirst()
                continue
            }
            guard nowNs &- entry.sinceNs >= restNs else { return nil }
            self.resting.removeFirst()
            self.restingSince[entry.key] = nil
            if self.free.remove(entry.key) != nil { return entry.key }
        }
        return nil
    }

    /// Puts a port back that was taken and not used.
    mutating func putBack(_ key: PortKey) {
        self.unused.append(key)
        self.free.insert(key)
    }

    /// Puts a port back that was used until the given time.
    mutating func rest(_ key: PortKey, sinceNs: UInt64) {
        self.free.insert(key)
        self.restingSince[key] = sinceNs
        self.resting.append((key, sinceNs))
    }

    /// Takes a given port out; false when it is not free here.
    mutating func remove(_ key: PortKey) -> Bool {
        self.restingSince[key] = nil
        return self.free.remove(key) != nil
    }
}

/// A queue over an array whose consumed front is cut off now and then.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var first: Element? { self.head < self.elements.count ? self.elements[self.head] : nil }
    var count: Int { self.elements.count - self.head }

    mutating func append(_ element: Element) { self.elements.append(element) }

    mutating func popFirst() -> Element? {
        guard let element = self.first else { return nil }
        self.removeFirst()
        return element
    }

    /// Drops the first element, if there is one.
    mutating func removeFirst() {
        guard self.head < self.elements.count else { return }
        self.head += 1
        if self.head >= 64, self.head * 2 >= self.elements.count {
            self.elements.removeFirst(self.head)
            self.head = 0
        }
    }
}
