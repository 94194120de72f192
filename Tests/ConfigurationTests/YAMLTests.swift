// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

@Test(arguments: [
    (
        "node:\n  name: [a\nrealms: 1",
        "3: not YAML: did not find expected ',' or ']' "
            + "(while parsing a flow sequence); check indentation (spaces, no tabs), colons and "
            + "quotes on and above this line"
    ),
    (
        "node:\n\tname: a",
        "2: not YAML: found character that cannot start any token "
            + "(while scanning for the next token); check indentation (spaces, no tabs), colons "
            + "and quotes on and above this line"
    ),
    ("a: &x 1\nb: *x", "1: an anchor (&name); write the value out where it is used"),
    ("b: *x", "1: an alias (*name); write the value out"),
    ("a: !!int 1", "1: a tag (!name); leave it out; quotes make a text"),
    (
        "a: 1\n---\nb: 1",
        "2: a second document begins; keep everything in one, without "
            + "'---' in between"
    ),
    (
        "a: 1\n[b]: 1",
        "2: a list or section stands as a key; write a name, a colon and "
            + "the value"
    ),
    (
        "a: [[[[[[[[[1]]]]]]]]]",
        "1: nested more than 8 deep; write the sections flat, as "
            + "in the example file"
    ),
    ("", " is empty; begin with the example file"),
    ("# only this\n", " is empty; begin with the example file"),
    (
        "- a",
        "1: is a list; write a section of keys: node, fastpath, realms, listeners, "
            + "trunks, tenants, routes, media, limits, dns, trace, mcp, store, records"
    ),
])
func yamlFault(text: String, expected: String) {
    #expect(messages(text) == ["node.yaml:" + expected])
}

@Test func bytesThatAreNoText() {
    let error = #expect(throws: ConfigurationErrors.self) {
        try NodeConfiguration.parse(Array("node:\n  name: ".utf8) + [0xff, 0x0a], file: "f")
    }
    #expect(error?.issues.first?.line == 2)
    #expect(error?.issues.first?.problem.hasPrefix("not YAML: invalid leading UTF-8") == true)
}

@Test func longFileIsRefusedUnread() {
    let bytes = [UInt8](repeating: 0x20, count: NodeConfiguration.fileLimit + 1)
    let error = #expect(throws: ConfigurationErrors.self) {
        try NodeConfiguration.parse(bytes, file: "f")
    }
    #expect(
        error?.description
            == "f: has more than 1048576 bytes; shorten it to what one node needs")
}

@Test func messagesAreBounded() {
    let text = (0..<500).reduce("") { $0 + "key\($1): 1\n" }
    #expect(messages(text).count == ConfigurationErrors.limit)
}

@Test func valuesInMessagesAreCutAndCleaned() {
    let long = String(repeating: "x", count: 100)
    let found = messages(replacing: "name: edge1", with: "name: \"\\a\(long)\"")
    #expect(found.first?.contains("\"?" + String(repeating: "x", count: 59) + "...\"") == true)
}

/// Any cut and any changed byte gives a configuration or messages, never a trap.
@Test func damagedFilesAreRefusedOrRead() {
    let bytes = Array(sample.utf8)
    var read = 0
    var refused = 0
    for index in bytes.indices {
        var changed = bytes
        changed[index] = UInt8(truncatingIfNeeded: index &* 7)
        for text in [Array(bytes[..<index]), changed] {
            do {
                _ = try NodeConfiguration.parse(text, file: "f")
                read += 1
            } catch {
                refused += 1
                #expect(!error.issues.isEmpty)
            }
        }
    }
    #expect(read > 0 && refused > 0)
}
