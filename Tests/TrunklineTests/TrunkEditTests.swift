// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Glibc
import Management
import Provisioning
import Store
import TestSupport
import TLS
import TestCertificates
import Testing

@testable import trunkline

/// A configuration in a directory of its own, with a store, and no process.
private final class EditWorld {
    private let own: TemporaryDirectory
    var directory: String { self.own.path }
    let access: ProvisioningAccess
    let service: ProvisioningService
    var configuration: String { self.directory + "/trunkline.yaml" }

    static let routes = "routes: [{ from: carrier, to: pbx }]\n"

    init(_ more: String = routes) throws {
        self.own = try TemporaryDirectory("edit")
        self.service = ProvisioningService(
            store: try SQLiteStore(path: self.own.path + "/provisioning.db")) { 0 }
        self.access = ProvisioningAccess(self.service)
        let text = """
            node: { state-directory: \(self.directory), runtime-directory: \(self.directory) }
            realms: [{ interface: r0, addresses: [198.51.100.1] }]
            trunks:
              - { name: carrier, peer: "sip:198.51.100.2" }
              - { name: pbx, peer: "sip:198.51.100.3" }
            \(more)
            """
        try text.write(toFile: self.configuration, atomically: true, encoding: .utf8)
    }

    func edit(_ options: String...) throws -> TrunkEdit {
        let arguments = try Arguments(
            parsing: ["--config", self.configuration] + options,
            options: Verb.trunk.options + Option.common)
        return TrunkEdit(self.access, arguments)
    }

    func trunks() throws -> [String] {
        try NodeConfiguration.load(path: self.configuration).trunks.map(\.name)
    }

    func audit() throws -> [JSONValue] {
        let request = ProvisioningRequest("audit-list", [:], user: nil)
        return try self.service.perform(request).answer.get()["lines"]?.array ?? []
    }
}

@Suite struct TrunkEditTests {
    @Test func trunksInFilesAreOnesOfTheConfiguration() throws {
        let world = try EditWorld()
        let edit = try world.edit()
        try edit.add("c2", ["peer=sip:198.51.100.4", "max-calls=5"])
        #expect(try world.trunks() == ["carrier", "pbx", "c2"])
        try edit.change("c2", ["max-calls=", "codecs=[PCMA, PCMU]"])
        #expect(
            try edit.keys(of: "c2")?.members.map(\.name) == ["peer", "codecs"])
        let file = try NodeConfiguration.load(path: world.configuration)
        #expect(file.trunks.last?.codecs == ["PCMA", "PCMU"])
        let lines = try world.audit()
        #expect(lines.map { $0["subject"] } == ["trunk c2", "trunk c2"])
        #expect(lines[0]["before"]?["max-calls"] == "5")
        #expect(lines[0]["after"]?["codecs"] == "[PCMA, PCMU]")
        try edit.remove("c2")
        #expect(try world.trunks() == ["carrier", "pbx"])
        #expect(try world.audit().first?["after"] == .null)
        #expect(access(edit.files.path(of: "c2"), F_OK) != 0)
    }

    @Test(arguments: [
        ["peer=nowhere"], ["peer=sip:198.51.100.4", "peeer=1"], ["max-calls=1"],
        ["peer=sip:198.51.100.2"], ["peer=sip:198.51.100.4", "name=other"], ["x"], ["peer={"],
    ])
    func whatIsWrongChangesNothing(_ words: [String]) throws {
        let world = try EditWorld()
        #expect(throws: Failure.self) { try world.edit().add("c2", words) }
        #expect(try world.trunks() == ["carrier", "pbx"])
        #expect(try world.audit().isEmpty)
        let left = try? FileManager.default.contentsOfDirectory(
            atPath: world.directory + "/trunks")
        #expect(left ?? [] == [])
    }

    @Test func whatStandsInTheConfigurationIsChangedThere() throws {
        let world = try EditWorld()
        let failure = #expect(throws: Failure.self) {
            try world.edit().change("carrier", ["max-calls=1"])
        }
        #expect(failure?.text.contains("is changed there") == true)
        #expect(throws: Failure.self) {
            try world.edit().add("carrier", ["peer=sip:198.51.100.9"])
        }
        #expect(throws: Failure.self) { try world.edit().add("../x", ["peer=sip:198.51.100.9"]) }
    }

    @Test func impliedRoutesAreNotLostInSilence() throws {
        let world = try EditWorld("")
        let failure = #expect(throws: Failure.self) {
            try world.edit().add("c2", ["peer=sip:198.51.100.4"])
        }
        #expect(failure?.text.contains("write routes") == true)
        #expect(try world.trunks() == ["carrier", "pbx"])
    }

    @Test func aRehearsalWritesNothing() throws {
        let world = try EditWorld()
        try world.edit("--dry-run").add("c2", ["peer=sip:198.51.100.4"])
        #expect(try world.trunks() == ["carrier", "pbx"])
        #expect(try world.audit().isEmpty)
    }

    @Test func aFileSaysWhatBecameOfEachLine() throws {
        let world = try EditWorld()
        let path = world.directory + "/in.csv"
        try "trunk,peer,max-calls\nc3,sip:198.51.100.5,7\nc4,sip:198.51.100.6,x\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        #expect(try world.edit().takeFile(path) == .no)
        #expect(try world.trunks() == ["carrier", "pbx", "c3"])
        #expect(try world.edit().keys(of: "c3")?["max-calls"] == "7")
        try "peer\nsip:198.51.100.5\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: Failure.self) { _ = try world.edit().takeFile(path) }
    }

    @Test func whatIsExportedIsImportedAgainAndMissingColumnsStay() throws {
        let world = try EditWorld()
        try world.edit().add("c2", ["peer=sip:198.51.100.4", "codecs=[PCMA, PCMU]"])
        let path = world.directory + "/in.csv"
        try "trunk,max-calls\nc2,7\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try world.edit().takeFile(path) == .ok)
        #expect(
            try world.edit().keys(of: "c2")?.members.map(\.name) == ["peer", "codecs", "max-calls"])
        try "trunk,peer\nc2,\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try world.edit().takeFile(path) == .no, "an empty field takes the key away")
    }

    @Test func secretsAreNotGivenAndValuesStandOnOneLine() throws {
        let world = try EditWorld()
        for word in ["password=x", "max-calls=7\nlistener: x"] {
            #expect(throws: Failure.self) {
                try world.edit().add("c2", ["peer=sip:198.51.100.4", word])
            }
        }
        let request: JSONObject = [
            "kind": "trunk", "name": "t", "after": ["peer": "sip:a", "password": "TopSecret"],
        ]
        _ = try world.access.answer("file-written", request).get()
        let line = try #require(try world.audit().first)
        #expect(line["verb"] == "trunk-add" && line["after"]?["peer"] == "sip:a")
        #expect(!String(decoding: line.encoded(), as: UTF8.self).contains("TopSecret"))
    }

    @Test func oneThatCannotBeReadCanGo() throws {
        let world = try EditWorld()
        try world.edit().add("c2", ["peer=sip:198.51.100.4"])
        try "- a\n".write(
            toFile: world.edit().files.path(of: "c2"), atomically: true, encoding: .utf8)
        #expect(try Configurations.places(world.configuration).trunks.count == 2)
        try world.edit().remove("c2")
        #expect(try world.trunks() == ["carrier", "pbx"])
    }

    @Test func aFileThatCannotBeReadStopsTheWholeConfiguration() throws {
        let world = try EditWorld()
        try world.edit().add("c2", ["peer=sip:198.51.100.4"])
        let path = try world.edit().files.path(of: "c2")
        for text in ["", "- a\n", "peer: [", String(repeating: "#", count: 70_000)] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let errors = #expect(throws: ConfigurationErrors.self) {
                try NodeConfiguration.load(path: world.configuration)
            }
            #expect(errors?.issues.first?.file == path)
        }
    }
}

@Suite struct CertificateAdditionTests {
    @Test func onlyWhatCanBeUsedIsPutIntoPlace() throws {
        let maker = try CertificateMaker()
        let authority = try maker.authority("ca")
        func file(_ name: String, _ files: CertificateMaker.Files, key: String? = nil) throws
            -> String
        {
            let text =
                try String(contentsOfFile: files.certificate, encoding: .utf8)
                + String(contentsOfFile: key ?? files.key, encoding: .utf8)
            let path = maker.path(name)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let name = "DNS:sbc.example.com"
        let good = try maker.leaf("good", by: authority, alternatives: name)
        let other = try maker.leaf("other", by: authority, alternatives: "DNS:a.example.com")
        let old = try maker.leaf("old", by: authority, alternatives: name, days: -1)
        func problems(_ path: String, teams: Bool = false) throws -> [String] {
            CertificateAddition.problems(
                try TLSIdentity(certificate: path, key: path), "sbc.example.com",
                isOfTeams: teams)
        }
        #expect(try problems(file("g", good)) == [])
        #expect(try problems(file("g", good), teams: true).isEmpty == false, "no RSA, no chain")
        #expect(try problems(file("o", other)).count == 1)
        #expect(try problems(file("e", old)).count == 1)
        #expect(throws: TLSFailure.self) { try problems(file("m", good, key: other.key)) }
        #expect(throws: TLSFailure.self) { try problems(maker.path("none")) }
    }

    @Test func namesThatWouldBeLostAreTold() {
        func names(_ texts: String...) -> CertificateNames {
            CertificateNames(dns: texts.map { Array($0.utf8) })
        }
        let old = names("a.example.com", "*.a.example.com", "b.example.com")
        let lost = CertificateAddition.lost(old, names("a.example.com"))
        #expect(lost[0].contains("*.a.example.com, b.example.com"))
        #expect(CertificateAddition.lost(old, names("*.example.com", "*.a.example.com")) == [])
        #expect(CertificateAddition.lost(old, old) == [])
    }
}

@Suite struct ProfileEditTests {
    @Test func whatTheConfigurationDoesNotGoWithIsNotPutIntoPlace() throws {
        let world = try EditWorld()
        let own = world.directory + "/profiles"
        try FileManager.default.createDirectory(
            atPath: own, withIntermediateDirectories: true)
        let text = try String(contentsOfFile: world.configuration, encoding: .utf8)
            .replacing("node: {", with: "node: { profile-directory: \(own),")
            .replacing("- { name: pbx,", with: "- { name: pbx, profile: mine,")
        let arguments = try Arguments(
            parsing: ["--config", world.configuration, "--store", world.directory + "/other.db"],
            options: Verb.profile.options + Option.common)
        let edit = ProfileEdit(ProfileDirectories(own: own, shipped: []), arguments)
        let (good, bad, unfit) = (own + "-good", own + "-bad", own + "-unfit")
        try "max-calls: 7\n".write(toFile: good, atomically: true, encoding: .utf8)
        try "max-cals: 7\n".write(toFile: bad, atomically: true, encoding: .utf8)
        try "rules-in: none\n".write(toFile: unfit, atomically: true, encoding: .utf8)

        #expect(throws: Failure.self) { try edit.put("mine", from: bad, isNew: true) }
        #expect(throws: Failure.self) { try edit.put("mine", from: good, isNew: false) }
        try edit.put("mine", from: good, isNew: true)
        try text.write(toFile: world.configuration, atomically: true, encoding: .utf8)
        let file = try NodeConfiguration.load(path: world.configuration)
        #expect(file.trunks.last?.maxCalls == 7)
        #expect(throws: Failure.self) { try edit.put("mine", from: unfit, isNew: false) }
        #expect(throws: Failure.self) { try edit.remove("mine") }
        #expect(throws: Failure.self) { try edit.put("../mine", from: good, isNew: true) }
        #expect(try NodeConfiguration.load(path: world.configuration).trunks.last?.maxCalls == 7)
    }
}
