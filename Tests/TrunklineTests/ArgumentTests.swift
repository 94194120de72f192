// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import trunkline

private let options = [
    Option(name: "out", value: "FILE", help: ""), Option(name: "all", help: ""),
]

private func parse(_ words: [String]) throws(Failure) -> Arguments {
    try Arguments(parsing: words, options: options + Option.common)
}

@Test func argumentsAreSorted() throws {
    let arguments = try parse(["a", "--out", "x", "--json", "b", "--", "--all"])
    #expect(arguments.operands == ["a", "b", "--all"])
    #expect(arguments["out"] == "x")
    #expect(arguments.wantsJSON)
    #expect(!arguments.has("all"))
    #expect(try parse(["--out=y=z"])["out"] == "y=z")
    #expect(try parse(["-h"]).has("help"))
}

@Test(arguments: [
    ["--nothing"], ["--out"], ["--all=1"], ["--all", "--all"], ["-x", "--out"],
])
func argumentsThatAreRefused(words: [String]) {
    let failure = #expect(throws: Failure.self) { try parse(words) }
    #expect(failure?.status == .usage)
}

@Test(arguments: ["-1", "101", "+5", "5x", "", " 5", "99999999999999999999"])
func numbersOutsideTheirRange(text: String) throws {
    let arguments = try parse(["--out", text])
    #expect(throws: Failure.self) { try arguments.number("out", 0...100) }
}

@Test func numbersAndOperandCounts() throws {
    let arguments = try parse(["--out", "100", "file"])
    #expect(try arguments.number("out", 0...100) == 100)
    #expect(try arguments.number("all", 0...100) == nil)
    #expect(try arguments.operands(1...1, "FILE") == ["file"])
    #expect(throws: Failure.self) { try arguments.operands(0...0, "") }
    #expect(throws: Failure.self) { try arguments.operands(2...3, "FILES") }
}

@Test func everyVerbExplainsItself() {
    #expect(Set(Verb.all.map(\.name)).count == 31)
    for verb in Verb.all {
        #expect(verb.help.hasPrefix("usage: trunkline \(verb.name)"))
        #expect(verb.help.contains("--json"))
        #expect(!verb.summary.isEmpty && verb.details.count > 30)
        #expect(verb.help.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(CommandLineTool.overview.contains("  \(verb.name)"))
        #expect(CommandLineTool.run([verb.name, "--help"]) == .ok)
        #expect(CommandLineTool.run([verb.name, "--no-such-option"]) == .usage)
    }
}

@Test func exitStatuses() {
    #expect(CommandLineTool.run([]) == .usage)
    #expect(CommandLineTool.run(["dance"]) == .usage)
    #expect(CommandLineTool.run(["--help"]) == .ok)
    #expect(CommandLineTool.run(["version"]) == .ok)
    #expect(CommandLineTool.run(["version", "operand"]) == .usage)
    let nowhere = ["--directory", "/tmp/trunkline-nowhere"]
    for verb in ["status", "calls", "flows", "drops"] {
        #expect(CommandLineTool.run([verb] + nowhere) == .notRunning)
    }
    #expect(CommandLineTool.run(["call", "1"] + nowhere) == .notRunning)
    #expect(CommandLineTool.run(["drain", "node"] + nowhere) == .notRunning)
    #expect(CommandLineTool.run(["drain", "trunk"] + nowhere) == .usage)
    #expect(CommandLineTool.run(["drain", "node", "--deadline", "x"] + nowhere) == .usage)
    #expect(CommandLineTool.run(["check", "--config", "/tmp/trunkline-nowhere"]) == .usage)
    #expect(CommandLineTool.run(["serve", "--config", "/tmp/trunkline-nowhere"]) == .usage)
    #expect(CommandLineTool.run(["fastpath", "--config", "/tmp/trunkline-nowhere"]) == .usage)
    #expect(CommandLineTool.run(["message", "/tmp/trunkline-nowhere"]) == .usage)
    #expect(CommandLineTool.run(["replay", "/tmp/trunkline-nowhere"]) == .usage)
}

@Test func anOptionIsNoValueOfTheOneBefore() throws {
    let options = [
        Option(name: "a", value: "X", help: ""), Option(name: "b", value: "X", help: ""),
    ]
    #expect(throws: Failure.self) {
        try Arguments(parsing: ["--a", "--b", "1"], options: options)
    }
    #expect(try Arguments(parsing: ["--a=--b"], options: options)["a"] == "--b")
}
