// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import Testing

@Suite struct ForkedDialogsTests {
    func response(_ status: Int, tag: String?) throws -> SIPMessage {
        try Messages.response(
            status, to: "<sip:bob@example.com>" + (tag.map { ";tag=\($0)" } ?? ""))
    }

    func key(_ tag: String) -> DialogKey {
        DialogKey(callID: octets("Call-1@h"), localTag: octets("a1"), remoteTag: octets(tag))
    }

    /// The outcome in a word.
    func name(_ outcome: ForkedDialogs.Outcome) -> String {
        switch outcome {
        case .none: "none"
        case .created(let key): "created \(text(key.remoteTag))"
        case .early(let key): "early \(text(key.remoteTag))"
        case .accepted(let key): "accepted \(text(key.remoteTag))"
        case .repeated(let key): "repeated \(text(key.remoteTag))"
        case .another(let dialog): "another \(text(dialog.key.remoteTag))"
        case .excess: "excess"
        case .unreadable: "unreadable"
        }
    }

    @Test func rfc3261_13_2_2_4_eachBranchHasItsDialog() throws {
        var dialogs = ForkedDialogs(invite: try Messages.request(), overTLS: false)
        let script: [(Int, String?, String)] = [
            (100, nil, "none"), (183, nil, "none"), (180, "x", "created x"),
            (180, "y", "created y"), (183, "x", "early x"), (486, "z", "none"),
            (200, "y", "accepted y"), (200, "y", "repeated y"), (200, "x", "another x"),
            (200, "w", "another w"),
        ]
        for (status, tag, expected) in script {
            let outcome = dialogs.received(try self.response(status, tag: tag))
            #expect(self.name(outcome) == expected)
        }
        #expect(dialogs.acceptedKey == self.key("y"))
        #expect(dialogs[self.key("y")]?.state == .confirmed)
        #expect(dialogs[self.key("x")] == nil)
        #expect(dialogs.count == 1)
    }

    @Test func successOfAnOldPeerHasNoTag() throws {
        var dialogs = ForkedDialogs(invite: try Messages.request(), overTLS: false)
        let outcome = dialogs.received(try self.response(200, tag: nil))
        #expect(self.name(outcome) == "accepted ")
    }

    @Test func branchesAreBounded() throws {
        var dialogs = ForkedDialogs(invite: try Messages.request(), overTLS: false, limit: 2)
        for tag in ["1", "2"] { _ = dialogs.received(try self.response(180, tag: tag)) }
        #expect(self.name(dialogs.received(try self.response(180, tag: "3"))) == "excess")
        #expect(self.name(dialogs.received(try self.response(180, tag: "2"))) == "early 2")
        #expect(self.name(dialogs.received(try self.response(200, tag: "3"))) == "accepted 3")
    }

    @Test func unreadableResponseChangesNothing() throws {
        var dialogs = ForkedDialogs(invite: try Messages.request(), overTLS: false)
        let response = try Messages.response(180, contact: "<sip:")
        #expect(self.name(dialogs.received(response)) == "unreadable")
        #expect(dialogs.count == 0)
    }
}
