// SPDX-License-Identifier: Apache-2.0

import CallControl
import Glibc
import Manipulation
import SDP
import Testing
import TestSupport

@testable import Configuration

/// A folder of profiles, removed afterwards.
private final class ProfileFolder {
    private let directory: TemporaryDirectory
    var path: String { self.directory.path }

    init(_ files: [String: String]) throws {
        self.directory = try TemporaryDirectory("profiles")
        for (name, text) in files {
            let file = try #require(fopen("\(self.path)/\(name).yaml", "w"))
            #expect(fputs(text, file) >= 0)
            fclose(file)
        }
    }

    /// The sample, whose first trunk has these lines too; they begin on line 33.
    func text(_ lines: [String]) -> String {
        let trunk = (["max-calls: 1000"] + lines).joined(separator: "\n    ")
        return sample.replacing("max-calls: 1000", with: trunk)
            .replacing("node:\n", with: "node:\n  profile-directory: \(self.path)\n")
    }

    func trunk(_ lines: String...) throws -> NodeConfiguration.Trunk {
        try parse(self.text(lines)).trunks[0]
    }

    /// What is wrong, without the folder's name.
    func faults(_ lines: String...) -> [String] {
        messages(self.text(lines)).map { $0.replacing(self.path, with: "DIR") }
    }
}

@Suite struct ProfileTests {
    private let shipped = ProfileDirectories(own: "/nonexistent")

    /// A file has its licence, says in its first paragraph what it is for, and gives every key a
    /// place where a reader finds why.
    @Test func theProfilesThatShip() throws {
        #expect(
            self.shipped.names == [
                "acg-compat", "acs", "generic-carrier", "generic-pbx", "operator-connect",
                "teams-direct-routing", "teams-media-bypass", "teams-phone-mobile", "zoom-byoc",
                "zoom-cloud-peering",
            ])
        for name in self.shipped.names {
            let profile = try Profile.load([name], in: self.shipped)
            #expect(profile.names == [name] && profile.summary.utf8.count > 40, "\(name)")
            let settings = profile.settings()
            #expect(settings.count >= 7, "\(name)")
            #expect(settings.allSatisfy { $0.place?.contains("/\(name).yaml:") == true })
        }
    }

    @Test func aTrunkComesBeforeItsProfile() throws {
        let folder = try ProfileFolder(["p": "hold: inactive\nsession-timer: accept\n"])
        let trunk = try folder.trunk("hold: sendonly", "profile: p")
        #expect(trunk.interworking.descriptions.hold == .sendonly)
        #expect(trunk.dialogs.sessionTimer == .accept)
    }

    @Test func aKeyWithoutAValueHasItsDefault() throws {
        let folder = try ProfileFolder(["p": "srtp: required\nsuites: [AEAD_AES_256_GCM]\n"])
        #expect(try folder.trunk("profile: p").security.suites == [.aes256GCM])
        let trunk = try folder.trunk("profile: p", "suites:")
        #expect(trunk.security.suites == MediaSecurityPolicy.usualSuites)
    }

    @Test func laterProfilesLieOverEarlierOnes() throws {
        let folder = try ProfileFolder([
            "a": "hold: inactive\nringing: strict\n", "b": "hold: sendonly\n",
        ])
        let trunk = try folder.trunk("profile: [a, b]")
        #expect(trunk.interworking.descriptions.hold == .sendonly)
        #expect(trunk.interworking.progress.ringing == .strict)
        #expect(try folder.trunk("profile: [b, a]").interworking.descriptions.hold == .inactive)
    }

    /// The sample's trunk has a `peer`: the profile's `peers` are none of its.
    @Test func whatExcludesEachOtherIsTheTrunksOwn() throws {
        let folder = try ProfileFolder(["p": "peers: [\"sip:hub.example\"]\n"])
        #expect(try folder.trunk("profile: p").peers.map(\.hostText) == ["198.18.1.2"])
        let text = folder.text(["profile: p"])
            .replacing("    peer: \"sip:198.18.1.2:5060;transport=udp\"\n", with: "")
        #expect(try parse(text).trunks[0].peers.map(\.hostText) == ["hub.example"])
    }

    /// A file beside the profile, not beside the configuration.
    @Test func filesOfAProfileAreBesideIt() throws {
        let folder = try ProfileFolder([
            "p": "rules-in: [r.yaml]\n",
            "r": "rules: [{ name: a, then: [{ stop: true }] }]\n",
        ])
        #expect(try folder.trunk("profile: p").rules.incoming?.rules.count == 1)
    }

    @Test func theOperatorsFileTakesThePlaceOfTheShippedOne() throws {
        let folder = try ProfileFolder(["acs": "# Ours.\n\nhold: sendonly\n"])
        let directories = ProfileDirectories(own: folder.path)
        let own = try Profile.load(["acs"], in: directories)
        #expect(own.summary == "Ours.")
        #expect(own.settings().map(\.key) == ["hold"])
        #expect(own.settings(all: true).count == Profile.keys.count)
        let shipped = try Profile.load(["acs"], in: directories, shippedOnly: true)
        #expect(shipped.settings().first { $0.key == "hold" }?.value == "inactive")
    }

    @Test func valuesAreShownAsTheyAreWritten() throws {
        let folder = try ProfileFolder([
            "p": "peers: [{ uri: \"sip:a\\\"b\", weight: 2 }, sip:c]\nhold: inactive\n"
        ])
        let settings = try Profile.load(["p"], in: ProfileDirectories(own: folder.path)).settings()
        #expect(
            settings.map(\.value) == ["[{ uri: \"sip:a\\\"b\", weight: 2 }, sip:c]", "inactive"])
        #expect(settings.map(\.place) == ["\(folder.path)/p.yaml:1", "\(folder.path)/p.yaml:2"])
    }

    // MARK: What is wrong

    @Test(arguments: [
        ("teams", "did you mean teams-direct-routing?"),
        ("teams-bypass", "did you mean teams-media-bypass?"),
        ("zoom-byok", "did you mean zoom-byoc?"),
    ])
    func aNameThatIsNone(name: String, fix: String) throws {
        let folder = try ProfileFolder([:])
        let expected = "there is no profile \"\(name)\"; \(fix)"
        let faults = folder.faults("profile: \(name)")
        #expect(faults == ["node.yaml:33: trunks[0].profile: \(expected)"])
    }

    @Test(arguments: ["../p", "/etc/passwd", ".p", "p/../p", ""])
    func aNameNeverLeadsOutOfTheDirectory(name: String) throws {
        let folder = try ProfileFolder(["p": "hold: inactive\n"])
        #expect(folder.faults("profile: \"\(name)\"").count == 1)
        #expect(ProfileDirectories(own: folder.path + "/x").path(of: name) == nil)
    }

    /// A fault of the file is named there, once; what does not fit in a trunk names the trunk.
    @Test(arguments: [
        ("hld: inactive", "DIR/p.yaml:1: hld: is not known; did you mean hold?"),
        ("name: x", "DIR/p.yaml:1: name: is not known"),
        ("listener: x", "DIR/p.yaml:1: listener: is not known"),
        ("profile: x", "DIR/p.yaml:1: profile: is not known"),
        ("a: [", "DIR/p.yaml:2: not YAML"),
        ("- a", "DIR/p.yaml:1: is a list; write a section of keys"),
        ("", "DIR/p.yaml: is empty; write keys of a trunk"),
        ("hold: x", "DIR/p.yaml:1: trunks[0].hold: is \"x\""),
        ("codecs: [g711]", "DIR/p.yaml:1: trunks[0].codecs[0]: \"g711\" is no encoding name"),
        ("max-diversions: 0", "DIR/p.yaml:1: trunks[0].max-diversions: is \"0\"; write a number"),
    ])
    func faultsStandWhereTheyAre(text: String, expected: String) throws {
        let folder = try ProfileFolder(["p": text + "\n"])
        let plain = folder.text(["profile: p"]).replacing(
            "    codecs: [PCMU, PCMA, telephone-event]\n", with: "")
        let faults = messages(plain).map { $0.replacing(folder.path, with: "DIR") }
        #expect(faults.count == 1 && faults[0].hasPrefix(expected), "\(faults)")
    }

    @Test func whatATrunkMakesImpossible() throws {
        let folder = try ProfileFolder([
            "p": "srtp: required\nkeying: [sdes]\nice: lite\nearly-latch: true\n"
        ])
        #expect(
            folder.faults("profile: p", "srtp: off").first
                == "node.yaml:34: trunks[0].srtp: is off, but keying (line 2 of DIR/p.yaml) is for "
                + "encrypted media; leave srtp out, or the profile")
        #expect(
            folder.faults("profile: p", "ice: off") == [
                "DIR/p.yaml:4: trunks[0].early-latch: needs ICE and SRTP; write ice: lite too, or "
                    + "early-latch: false"
            ])
    }

    @Test func transportOfTheProfileIsThatOfTheListener() throws {
        let folder = try ProfileFolder(["p": "transport: tls\nport: 5071\n"])
        #expect(
            folder.faults("profile: p") == [
                "DIR/p.yaml:1: trunks[0].transport: is tls, but listener carrier is udp; name a "
                    + "listener with transport: tls, or write `transport: udp` in the trunk"
            ])
        #expect(folder.faults("profile: p", "transport: udp").isEmpty)
    }

    @Test func limits() throws {
        let keys = (0...Profile.keysMax).map { "k\($0): 1\n" }.joined(separator: "")
        let folder = try ProfileFolder([
            "long": "hold: inactive\n" + String(repeating: "#\n", count: Profile.fileLimit / 2),
            "many": keys, "p": "hold: inactive\n",
        ])
        let long = folder.faults("profile: long")
        #expect(long.first?.hasPrefix("DIR/long.yaml: has more than 65536 bytes") == true)
        #expect(
            folder.faults("profile: many") == ["DIR/many.yaml:1: has 201 keys; write at most 200"])
        #expect(
            folder.faults("profile: [p, p, p, p, p]") == [
                "node.yaml:33: trunks[0].profile[4]: is one profile too many; name at most 4"
            ])
    }

    @Test func theDirectoryOfAConfigurationWithFaults() throws {
        let folder = try ProfileFolder(["node": "node: { profile-directory: /x/y }\nbad: 1\n"])
        let path = folder.path + "/node.yaml"
        #expect(try ProfileDirectories(ofConfiguration: path).own == "/x/y")
        let none = try ProfileFolder(["node": "realms:\n"])
        #expect(
            try ProfileDirectories(ofConfiguration: none.path + "/node.yaml").own
                == ProfileDirectories.usual)
    }
}
