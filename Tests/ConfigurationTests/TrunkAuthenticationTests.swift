// SPDX-License-Identifier: Apache-2.0

import Glibc
import SIPAuthentication
import Testing

@testable import Configuration

@Suite struct TrunkAuthenticationTests {
    private let folder = "/tmp/trunkline-auth-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    /// The first trunk of the sample with these lines, beside two files.
    private func trunk(_ lines: String) throws -> NodeConfiguration.Trunk {
        try #require(mkdir(self.folder, 0o700) == 0 || errno == EEXIST)
        defer { for name in ["/pw", "/users", "/odd", ""] { remove(self.folder + name) } }
        for (name, text) in [
            ("/pw", "se cret\r\nmore\n"), ("/users", "# us\nalice:a:b\nbob:\n"), ("/odd", "x\n"),
        ] {
            let file = try #require(fopen(self.folder + name, "w"))
            #expect(fputs(text, file) >= 0)
            fclose(file)
        }
        let text = sample.replacing("learn-source: false", with: lines)
        return try NodeConfiguration.parse(
            Array(text.utf8), file: self.folder + "/node.yaml"
        ).trunks[0]
    }

    @Test func reads() throws {
        let trunk = try self.trunk(
            """
            username: edge1
                password-file: pw
                auth-realm: carrier.example
                authenticate: true
                users-file: users
                challenge-realm: edge
                register: { user: "+1555", domain: "c.example:5070", required: false }
            """)
        let mine = try #require(trunk.authentication.credentials)
        #expect(mine.password == Array("se cret".utf8))
        #expect(mine.realm == Array("carrier.example".utf8))
        let demand = try #require(trunk.authentication.demand)
        #expect(demand.passwords[Array("alice".utf8)] == Array("a:b".utf8))
        #expect(demand.passwords[Array("bob".utf8)] == [])
        #expect(demand.realm == Array("edge".utf8) && !demand.isInDialog)
        #expect(
            trunk.register
                == NodeConfiguration.Register(
                    user: "+1555", domain: "c.example:5070", expires: 3600, retrySeconds: 30,
                    isRequired: false))
        #expect(!"\(trunk)".contains("se cret"))
        var shown = ""
        dump(trunk, to: &shown)
        #expect(shown.contains("username") && !shown.contains("password"))
    }

    @Test(arguments: [
        ("password: x", "password: is of no use without username"),
        ("username: a", "username: has no password; write password-file: FILE"),
        (
            "username: a\n    password: x\n    password-file: pw",
            "password: stands beside password-file"
        ),
        ("username: a\n    password-file: none", "none\" cannot be opened"),
        ("authenticate: true", "authenticate: has no users to accept"),
        ("authenticate-in-dialog: true", "authenticate-in-dialog: is of no use without"),
        ("authenticate: true\n    users-file: odd", "entry 1 is no USER:PASSWORD"),
        ("register: { expires: 60 }", "register.user: is missing"),
        ("register: { user: a, expires: 59 }", "register.expires: is \"59\""),
        ("register: { user: \"a@b\" }", "register.user: \"a@b\" cannot stand in an address"),
        ("register: yes", "register: is a single value"),
    ])
    func saysWhatIsWrong(_ lines: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationErrors.self) { try self.trunk(lines) }
        let text = error?.description ?? ""
        #expect(text.contains(expected), "\(text)")
    }
}
