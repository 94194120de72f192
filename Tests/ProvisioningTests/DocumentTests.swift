// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Store
import Tenancy
import Testing

@testable import Provisioning

/// `appliance/docs/tenants.md` says what the source says.
@Suite struct DocumentTests {
    private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("appliance/docs/tenants.md")

    private static let tables = [
        ("account", AccountFields.all), ("number", NumberFields.all),
        ("deployment", DeploymentFields.all),
    ]

    private static func rows(_ fields: [ProvisionedField]) -> String {
        let rows = fields.map { field in
            let standard = field.standard.map { "`\($0)`" } ?? "nothing"
            return "| `\(field.name)` | \(field.allowed) | \(standard) | \(field.meaning) |"
        }
        let heading = [
            "| field | what may stand there | if absent | meaning |", "| --- | --- | --- | --- |",
        ]
        return (heading + rows).joined(separator: "\n")
    }

    @Test func tenantsDocumentHasTheTablesOfTheSource() throws {
        var text = try String(contentsOf: Self.path, encoding: .utf8)
        for (kind, fields) in Self.tables {
            let mark = "<!-- \(kind): made from the source; see the end -->\n"
            let begin = try #require(text.range(of: mark)?.upperBound)
            let end = try #require(text.range(of: "<!-- end -->", range: begin..<text.endIndex))
            let table = "\n\(Self.rows(fields))\n\n"
            if getenv("TRUNKLINE_WRITE_EXAMPLE") != nil {
                text.replaceSubrange(begin..<end.lowerBound, with: table)
                try text.write(to: Self.path, atomically: true, encoding: .utf8)
            } else {
                #expect(text[begin..<end.lowerBound] == table)
            }
        }
    }

    @Test func tenantsDocumentHasEveryRefusalAndRow() throws {
        let text = try String(contentsOf: Self.path, encoding: .utf8)
        for code in FieldFault.Code.allCases { #expect(text.contains("\n| `\(code.rawValue)` |")) }
        for kind in StoreFault.Kind.allCases {
            #expect(text.contains("\n| `store_\(kind.rawValue)` |"))
        }
        for row in CallerScreening.Row.allCases {
            let line = text.split(separator: "\n").first { $0.hasPrefix("| `\(row.rawValue)` |") }
            #expect(line?.contains("| goes on") == row.allows, "\(row.rawValue)")
            #expect(line?.contains("| 403 |") == !row.allows, "\(row.rawValue)")
        }
        #expect(text.contains("### Damage") && text.contains("checked when it is opened"))
    }

    @Test func tenantsDocumentSaysTheLimits() throws {
        let text = try String(contentsOf: Self.path, encoding: .utf8)
        let limits = ProvisioningService.Limits()
        for (value, words) in [
            (limits.accounts, "1,000,000 tenants"), (limits.numbers, "20,000,000 numbers"),
            (limits.removedWithAccount, "100,000 numbers"), (limits.batch, "100 numbers"),
            (AuditLine.linesMax, "1,000,000 lines"),
        ] {
            let digits = words.prefix { $0 != " " }.filter { $0 != "," }
            #expect(String(value) == digits)
            #expect(text.replacing("\n", with: " ").contains(words), "\(words)")
        }
        #expect(text.contains("most \(ImportFile.bytesMax >> 20) MB"))
        #expect(text.contains("up to \(SQLiteStore.checkedBytesMax >> 20) MB"))
    }

    @Test func everyFieldHasTheModelsForm() {
        let fields = Self.tables.flatMap(\.1)
        for model in Fields.all where !["trunk.fqdn", "account.derived-fqdn"].contains(model.name) {
            let isSaid = fields.contains {
                $0.allowed.contains(model.allowed) || $0.meaning.contains(model.allowed)
            }
            #expect(isSaid, "\(model.name)")
        }
    }
}
