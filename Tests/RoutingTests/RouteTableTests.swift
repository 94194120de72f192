// SPDX-License-Identifier: Apache-2.0

import Routing
import Testing
import TestSupport

private let carrier = TrunkIndex(0)
private let service = TrunkIndex(1)
private let pbx = TrunkIndex(2)

private func number(_ text: String) -> CalledNumber { CalledNumber(user: text.utf8) }

private func route(_ prefix: String, from: TrunkIndex? = nil, to: TrunkIndex) -> Route {
    Route(prefix: prefix.utf8, from: from, to: to)
}

@Test func longestPrefixWins() throws {
    let table = try RouteTable([
        route("", to: carrier), route("+1", to: service), route("+1425", to: pbx),
        route("+14", from: pbx, to: carrier),
    ])
    #expect(table.trunk(for: number("+14255550123"), from: carrier) == pbx)
    #expect(table.trunk(for: number("+14165550123"), from: carrier) == service)
    #expect(table.trunk(for: number("+14165550123"), from: pbx) == carrier)
    #expect(table.trunk(for: number("+4930"), from: pbx) == carrier)
    #expect(table.trunk(for: number("14255550123"), from: carrier) == carrier)
    #expect(table.trunk(for: number("+1"), from: carrier) == service)
    #expect(table.trunk(for: number("+"), from: service) == carrier)
}

@Test func originWinsAmongEqualPrefixes() throws {
    let table = try RouteTable([
        route("+1", to: service), route("+1", from: pbx, to: carrier),
    ])
    #expect(table.trunk(for: number("+12"), from: pbx) == carrier)
    #expect(table.trunk(for: number("+12"), from: carrier) == service)
}

@Test func withoutRuleNoTrunk() throws {
    let table = try RouteTable([route("+1", from: pbx, to: service)])
    #expect(table.trunk(for: number("+12"), from: carrier) == nil)
    #expect(table.trunk(for: number("+2"), from: pbx) == nil)
    #expect(RouteTable().trunk(for: number("1"), from: pbx) == nil)
}

@Test func aRouteMayNameSeveralTrunks() throws {
    let table = try RouteTable([
        Route(prefix: "".utf8, to: carrier, others: [pbx, service]),
        Route(prefix: "+1".utf8, from: pbx, to: service, others: [carrier]),
    ])
    #expect(table.trunks(for: number("+1"), from: service) == [carrier, pbx, service])
    #expect(table.trunks(for: number("+1"), from: pbx) == [service, carrier])
    #expect(table.trunk(for: number("+1"), from: pbx) == service)
    #expect(RouteTable().trunks(for: number("+1"), from: pbx).isEmpty)
}

@Test func namesTakeTheDefaultOnly() throws {
    let table = try RouteTable([route("", to: service), route("A", to: pbx)])
    #expect(table.trunk(for: number("alice"), from: carrier) == service)
    #expect(table.trunk(for: number("a1"), from: carrier) == pbx)
}

@Test func separatorsInPrefixesDoNotCount() throws {
    let table = try RouteTable([route("+1 (425)".filter { $0 != " " }, to: service)])
    #expect(table.trunk(for: number("+1-425-555.01.23"), from: pbx) == service)
}

@Test(arguments: ["x", "+1x", "1+", "+1;a=b", "%31", "-", "+1 2"])
func refusesPrefix(text: String) {
    #expect(throws: RouteError.badPrefix(route: 1)) {
        try RouteTable([route("", to: pbx), route(text, to: service)])
    }
}

@Test func refusesDuplicates() {
    #expect(throws: RouteError.duplicate(route: 2, of: 0)) {
        try RouteTable([
            route("+1", to: pbx), route("+1", from: pbx, to: pbx), route("+-1", to: service),
        ])
    }
}

@Test func refusesTooManyRoutes() {
    let many = [Route](repeating: route("1", to: pbx), count: RouteTable.limit + 1)
    #expect(throws: RouteError.tooMany) { try RouteTable(many) }
}

/// The trie against a search through all rules, on random numbers.
@Test func agreesWithLinearSearch() throws {
    var random = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: .min ... .max, using: &random)
    var generator = SeededGenerator(seed: seed)
    let alphabet = Array("0123456789+*#ABCD".utf8)
    var routes: [Route] = []
    var seen: Set<[UInt8]> = []
    while routes.count < 500 {
        let length = Int.random(in: 0...5, using: &generator)
        var prefix = (0..<length).map { _ in alphabet[Int.random(in: 0..<10, using: &generator)] }
        if Bool.random(using: &generator) { prefix.insert(0x2b, at: 0) }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            prefix.append(alphabet[Int.random(in: 11..<17, using: &generator)])
        }
        let from = [nil, carrier, pbx][Int.random(in: 0..<3, using: &generator)]
        guard seen.insert(prefix + [from.map { UInt8($0.value) } ?? 255]).inserted else { continue }
        let to = TrunkIndex(UInt16(routes.count))
        routes.append(Route(prefix: prefix, from: from, to: to))
    }
    let table = try RouteTable(routes)
    for _ in 0..<5000 {
        let length = Int.random(in: 0...8, using: &generator)
        var bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<10, using: &generator)] }
        if Bool.random(using: &generator) { bytes.insert(0x2b, at: 0) }
        let origin = [carrier, service, pbx][Int.random(in: 0..<3, using: &generator)]
        let called = CalledNumber(user: bytes)
        let expected = routes.filter {
            called.bytes.starts(with: $0.prefix) && ($0.from == nil || $0.from == origin)
        }.max {
            ($0.prefix.count, $0.from == nil ? 0 : 1) < ($1.prefix.count, $1.from == nil ? 0 : 1)
        }
        #expect(table.trunk(for: called, from: origin) == expected?.to, "seed \(seed)")
    }
}
