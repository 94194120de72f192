// SPDX-License-Identifier: Apache-2.0

import FlowABI

/// One port pair of one local address.
struct PortKey: Hashable {
    let address: AddressIndex
    /// The even port.
    let port: UInt16
}

/// What each port pair is at present: a flat table, since each call asks it some twenty times.
struct PortStates {
    enum State: Equatable {
        /// Not one of ours.
        case absent
        /// To be had at once.
        case free
        /// Released at this time.
        case resting(sinceNs: UInt64)
        /// A leg has it.
        case used
    }

    /// By address, one table for each that has ports; 32,768 pairs.
    private var tables: [[State]] = []
    /// Pairs that legs have.
    private(set) var usedCount = 0

    private static let pairs = 32_768

    subscript(key: PortKey) -> State {
        get {
            let address = Int(key.address.value)
            guard key.port % 2 == 0, address < self.tables.count, !self.tables[address].isEmpty
            else { return .absent }
            return self.tables[address][Int(key.port / 2)]
        }
        set {
            let address = Int(key.address.value)
            while self.tables.count <= address { self.tables.append([]) }
            if self.tables[address].isEmpty {
                self.tables[address] = Array(repeating: .absent, count: Self.pairs)
            }
            let place = Int(key.port / 2)
            self.usedCount += newValue == .used ? 1 : 0
            self.usedCount -= self.tables[address][place] == .used ? 1 : 0
            self.tables[address][place] = newValue
        }
    }

    /// Forgets all that no leg has.
    mutating func keepUsed() {
        for address in self.tables.indices {
            for place in self.tables[address].indices
            where self.tables[address][place] != .used {
                self.tables[address][place] = .absent
            }
        }
    }
}

/// The free ports of one realm, family and worker, least recently used first. Three queues: put
/// back unused, never used, resting in the order of their release. An entry counts only while its
/// port is in the state that put it there, so that ports can be taken out of the middle.
struct PortShelf {
    private var fresh: Queue<PortKey> = Queue()
    private var resting: Queue<(key: PortKey, sinceNs: UInt64)> = Queue()
    private var unused: [PortKey] = []
    /// How many ports are free, rested or not.
    private var count = 0

    var isEmpty: Bool { self.count == 0 }

    /// Adds a port that was never used.
    mutating func append(_ key: PortKey, _ states: inout PortStates) {
        self.fresh.append(key)
        self.count += 1
        states[key] = .free
    }

    /// The port whose last use is longest ago, if that is `restNs` or more. Times of rest are not
    /// after `nowNs`.
    mutating func take(nowNs: UInt64, restNs: UInt64, _ states: inout PortStates) -> PortKey? {
        guard let key = self.next(nowNs: nowNs, restNs: restNs, states) else { return nil }
        states[key] = .used
        self.count -= 1
        return key
    }

    private mutating func next(
        nowNs: UInt64, restNs: UInt64, _ states: borrowing PortStates
    ) -> PortKey? {
        while let key = self.unused.popLast() {
            if states[key] == .free { return key }
        }
        while let key = self.fresh.popFirst() {
            if states[key] == .free { return key }
        }
        while let entry = self.resting.first {
            let isCurrent = states[entry.key] == .resting(sinceNs: entry.sinceNs)
            if isCurrent, nowNs &- entry.sinceNs < restNs { return nil }
            self.resting.removeFirst()
            if isCurrent { return entry.key }
        }
        return nil
    }

    /// Puts a port back that was taken and not used.
    mutating func putBack(_ key: PortKey, _ states: inout PortStates) {
        self.unused.append(key)
        self.count += 1
        states[key] = .free
    }

    /// Puts a port back that was used until the given time.
    mutating func rest(_ key: PortKey, sinceNs: UInt64, _ states: inout PortStates) {
        self.resting.append((key, sinceNs))
        self.count += 1
        states[key] = .resting(sinceNs: sinceNs)
    }

    /// Takes a given port out; false when it is not free here.
    mutating func remove(_ key: PortKey, _ states: inout PortStates) -> Bool {
        switch states[key] {
        case .absent, .used: return false
        case .free, .resting:
            states[key] = .used
            self.count -= 1
            return true
        }
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
        if self.head == self.elements.count {
            // Nothing that was in it lives on for its sake.
            self.elements.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head >= 64, self.head * 2 >= self.elements.count {
            self.elements.removeFirst(self.head)
            self.head = 0
        }
    }
}
