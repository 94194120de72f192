// SPDX-License-Identifier: Apache-2.0

/// One rule: calls whose number begins with `prefix`, and which come from `from` if that is given,
/// go to `to`, or, where that does not take them, to the others in their order.
public struct Route: Sendable, Hashable {
    /// What the called number begins with; empty for every call.
    public var prefix: [UInt8]
    /// Only calls from this trunk; nil for calls from any.
    public var from: TrunkIndex?
    /// Where they go.
    public var to: TrunkIndex
    /// Where they go instead, the preferred one first.
    public var others: [TrunkIndex]

    /// From its parts; separators in the prefix do not count.
    public init(
        prefix: some Collection<UInt8>, from: TrunkIndex? = nil, to: TrunkIndex,
        others: [TrunkIndex] = []
    ) {
        self.prefix = Array(prefix)
        self.from = from
        self.to = to
        self.others = others
    }
}

/// Why routes make no table.
public enum RouteError: Error, Sendable, Hashable {
    /// The prefix of the route at this position holds something else than number symbols.
    case badPrefix(route: Int)
    /// Two routes have the same prefix and the same `from`.
    case duplicate(route: Int, of: Int)
    /// More than `RouteTable.limit` routes.
    case tooMany
}

/// Called number and trunk of origin to trunk. The longest prefix of those that apply wins; of two
/// equally long ones that which names the origin. A trie in one array: a look-up visits as many
/// nodes as the number has symbols, whatever the number of routes.
public struct RouteTable: Sendable {
    /// Routes in a table at most.
    public static let limit = 100_000

    private static let symbolCount = 17
    private static let none: UInt32 = 0

    /// Children by symbol; 0 is "none", since the root is nobody's child.
    private var children: [UInt32]
    /// Routes that end at a node: few of the nodes have any.
    private var ends: [UInt32: Targets]

    private struct Targets: Sendable {
        var any: [TrunkIndex] = []
        var from: [TrunkIndex: [TrunkIndex]] = [:]
    }

    /// An empty table: no call has a route.
    public init() {
        self.children = [UInt32](repeating: Self.none, count: Self.symbolCount)
        self.ends = [:]
    }

    /// From rules in any order; throws the first that cannot stand.
    public init(_ routes: [Route]) throws(RouteError) {
        self.init()
        guard routes.count <= Self.limit else { throw .tooMany }
        var seen: [Key: Int] = [:]
        for (position, route) in routes.enumerated() {
            let number = CalledNumber(user: route.prefix)
            guard Self.isPrefix(route.prefix, number) else { throw .badPrefix(route: position) }
            let key = Key(prefix: number.bytes, from: route.from)
            if let other = seen[key] { throw .duplicate(route: position, of: other) }
            seen[key] = position
            self.insert(number.bytes, route)
        }
    }

    /// Where a call goes first; nil if no rule applies.
    public func trunk(for number: CalledNumber, from origin: TrunkIndex) -> TrunkIndex? {
        self.trunks(for: number, from: origin).first
    }

    /// Where a call goes, the preferred trunk first; empty if no rule applies.
    public func trunks(for number: CalledNumber, from origin: TrunkIndex) -> [TrunkIndex] {
        var node = 0
        var best = self.target(at: node, origin)
        for symbol in number.bytes {
            let child = self.children[node * Self.symbolCount + Self.slot(symbol)]
            guard child != Self.none else { break }
            node = Int(child)
            best = self.target(at: node, origin) ?? best
        }
        return best ?? []
    }

    private struct Key: Hashable {
        var prefix: [UInt8]
        var from: TrunkIndex?
    }

    private func target(at node: Int, _ origin: TrunkIndex) -> [TrunkIndex]? {
        guard let targets = self.ends[UInt32(node)] else { return nil }
        return targets.from[origin] ?? (targets.any.isEmpty ? nil : targets.any)
    }

    private mutating func insert(_ symbols: [UInt8], _ route: Route) {
        var node = 0
        for symbol in symbols {
            let place = node * Self.symbolCount + Self.slot(symbol)
            if self.children[place] == Self.none {
                self.children[place] = UInt32(self.children.count / Self.symbolCount)
                self.children += [UInt32](repeating: Self.none, count: Self.symbolCount)
            }
            node = Int(self.children[place])
        }
        if let from = route.from {
            self.ends[UInt32(node), default: Targets()].from[from] = [route.to] + route.others
        } else {
            self.ends[UInt32(node), default: Targets()].any = [route.to] + route.others
        }
    }

    /// A prefix must be a number as a whole: what `CalledNumber` gives up on, or cuts, is none.
    private static func isPrefix(_ text: [UInt8], _ number: CalledNumber) -> Bool {
        if text.isEmpty { return true }
        return !number.bytes.isEmpty && !text.contains { $0 == 0x3b || $0 == 0x3a || $0 == 0x25 }
    }

    /// 0 to 16 for `0`-`9`, `+`, `*`, `#` and `A`-`D`; numbers hold nothing else.
    private static func slot(_ symbol: UInt8) -> Int {
        switch symbol {
        case 0x30...0x39: Int(symbol) - 0x30
        case 0x2b: 10
        case 0x2a: 11
        case 0x23: 12
        case 0x41: 13
        case 0x42: 14
        case 0x43: 15
        default: 16
        }
    }
}
