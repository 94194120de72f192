// SPDX-License-Identifier: Apache-2.0

import Management
import Tenancy

/// A plan of a migration as an object of a request.
public enum MigrationFields {
    /// Every field that can be said beside the cohorts.
    public static let all = [
        ProvisionedField("name", "NAME", MigrationPlan.nameField.allowed, "The plan's name."),
        ProvisionedField(
            "tenants", "LIST", "1 to \(MigrationPlan.accountsMax) names of tenants",
            standard: "those that cohorts name", "The tenants that move."),
        ProvisionedField(
            "service", "SERVICE", Words.list(Service.self), standard: "teams-direct-routing",
            "The service whose numbers move."),
        ProvisionedField(
            "from", "plain|bypass", Words.list(TrunkSet.self), standard: "plain",
            "The set of trunks that they leave."),
        ProvisionedField(
            "to", "plain|bypass", Words.list(TrunkSet.self), standard: "bypass",
            "The set of trunks that they go to."),
    ] + gate

    /// Figures of the gates.
    private static let gate = MigrationGateSettings.fields.map { field in
        ProvisionedField(
            field.name, "N", "\(field.range.lowerBound) to \(field.range.upperBound)",
            standard: "\(field.standard)",
            meanings[field.name] ?? field.unit)
    }

    private static let meanings = [
        "calls": "Calls each way that a gate asks for.",
        "hours": "Hours that they span, at least.",
        "answer-rate-below":
            "Hundredths of a point that answers may be below the baseline.",
        "one-way": "Hundredths of a percent of calls that may be one-way.",
        "setup-above": "Milliseconds that set-up (p95) may be above the baseline.",
        "healthy-hours": "Hours for which OPTIONS of the new trunks are answered both ways.",
        "quiet-days": "Days without a call over the old set before its trunks drain.",
    ]

    /// What a cohort may be.
    static let cohortAllowed =
        "{\"numbers\": [...]}, {\"tenants\": [...]} or {\"tenants\": [...], \"percent\": 1 to 100}"

    /// A plan that has not begun.
    static func read(_ arguments: JSONObject) throws(FieldFault) -> MigrationPlan {
        let reader = try FieldReader(
            arguments, "migration", known: self.all.map(\.name) + ["cohorts"])
        let name = try reader.required("name", MigrationPlan.nameField.allowed)
        var service = Service.teamsDirectRouting
        try reader.set("service", &service)
        var (from, to) = (TrunkSet.plain, TrunkSet.bypass)
        try reader.set("from", &from)
        try reader.set("to", &to)
        var settings = MigrationGateSettings()
        for (gate, field) in zip(MigrationGateSettings.fields, self.gate) {
            guard let value = try self.integer(reader, field) else { continue }
            // What is too large for the field is too large for its range as well.
            settings[keyPath: gate.path] = UInt32(clamping: value)
        }
        var cohorts: [MigrationCohort] = []
        for element in try reader.array("cohorts") ?? [] {
            cohorts.append(try self.cohort(element))
        }
        let named = try reader.list("tenants")
        return try MigrationPlan(
            name: name, service: service, from: from, to: to,
            accounts: named ?? cohorts.flatMap(\.accounts), cohorts: cohorts, gate: settings)
    }

    /// A whole number, or the text of one.
    private static func integer(
        _ reader: FieldReader, _ field: ProvisionedField
    ) throws(FieldFault) -> Int64? {
        guard reader.has(field.name) else { return nil }
        let text = try? reader.text(field.name)
        let value =
            try? text.flatMap { Int64($0) } ?? reader.integer(field.name, 0...Int64(UInt32.max))
        guard let value, value >= 0 else {
            throw reader.fault(
                .badValue, field.name, "is no number of the range", field.allowed)
        }
        return value
    }

    private static func cohort(_ element: JSONValue) throws(FieldFault) -> MigrationCohort {
        guard let members = element.object else {
            throw FieldFault(
                .badValue, "migration.cohorts", "has \(element.kind)", self.cohortAllowed)
        }
        let reader = try FieldReader(
            members, "migration", known: ["numbers", "tenants", "percent"])
        let percent = try reader.integer("percent", 1...100)
        switch (reader.has("numbers"), try reader.list("tenants"), percent) {
        case (true, nil, nil): return .numbers(try self.numbers(reader))
        case (false, let tenants?, nil): return .accounts(tenants)
        case (false, let tenants?, let percent?):
            return .share(percent: Int(percent), of: tenants)
        default:
            throw FieldFault(
                .badValue, "migration.cohorts", "has a cohort that is of no kind, or of two",
                self.cohortAllowed)
        }
    }

    /// Numbers and ranges of numbers of the member `numbers`.
    static func numbers(_ reader: FieldReader) throws(FieldFault) -> [E164] {
        var numbers: [E164] = []
        for element in try reader.array("numbers") ?? [] {
            guard let range = element.string.flatMap(NumberRange.init) else {
                let text = element.string.map { " \"\($0.prefix(32).filter(\.isASCII))\"" } ?? ""
                throw reader.fault(
                    .badValue, "numbers", "has\(text), which is no number", NumberRange.allowed)
            }
            guard numbers.count + range.count <= MigrationCohort.numbersMax else {
                throw reader.fault(
                    .tooLong, "cohorts", "has a list of more numbers than there may be",
                    "1 to \(MigrationCohort.numbersMax) numbers, or tenants")
            }
            numbers += range.numbers
        }
        return numbers
    }
}

extension FieldReader {
    /// Texts: an array of them, or one with commas between them; nil where it is absent.
    func list(_ name: String) throws(FieldFault) -> [String]? {
        guard self.has(name) else { return nil }
        if let text = try? self.text(name) { return text.split(separator: ",").map(String.init) }
        let texts = try self.array(name)?.compactMap(\.string) ?? []
        guard texts.count == (try self.array(name)?.count ?? 0) else {
            throw self.fault(.badValue, name, "has an element that is no text", "texts")
        }
        return texts
    }
}
