// SPDX-License-Identifier: Apache-2.0

public import Management
public import Tenancy

/// An account as an object of a request or an answer.
public enum AccountFields {
    /// Every field that can be said, in the order of answers and files.
    public static let all = [
        ProvisionedField(
            "name", "NAME", Fields.accountName.allowed,
            "Names the tenant, with regard to case; it stays."),
        ProvisionedField(
            "correlation-id", "ID", Fields.correlationID.allowed,
            "What the operator's own systems call it."),
        ProvisionedField(
            "teams-tenant", "GUID", Fields.teamsTenantID.allowed,
            "Its tenant at Microsoft; it stays as long as it has numbers of operator-connect or "
                + "teams-phone-mobile."),
        ProvisionedField(
            "service", "SERVICE,...", Words.list(Service.self),
            "Services that its numbers may have."),
        ProvisionedField(
            "label", "LABEL", Fields.label.allowed,
            "First label of its names at the trunks; unique without regard to case."),
        ProvisionedField(
            "label-imported", "on|off", "on, off", standard: "off",
            "The label was taken over from another system: \(Fields.importedLabel.allowed)."),
        ProvisionedField(
            "txt-token", "REGION=TOKEN", "region 1 or 2, '=', \(Fields.txtToken.allowed)",
            "Texts that prove its domains to the service; several with commas, REGION= takes one "
                + "away."),
        ProvisionedField(
            "trunk-set", "plain|bypass", Words.list(TrunkSet.self), standard: "plain",
            "Trunks of its calls, where its numbers say no other."),
        ProvisionedField(
            "screening", "on|off", "on, off", standard: "on",
            "Its callers' numbers must be its own."),
        ProvisionedField(
            "screening-sources", "SOURCE,...", Words.list(ScreeningPolicy.Source.self),
            standard: "p-asserted-identity,from",
            "Where callers' numbers are found; the first that is there counts."),
        ProvisionedField(
            "screening-anonymous", "allow|reject", "allow, reject", standard: "reject",
            "What a caller without any identity gets."),
        ProvisionedField(
            "screening-forwarded", "allow|reject", "allow, reject", standard: "allow",
            "Callers of calls that an own number forwarded; they may be shown, or not."),
        ProvisionedField(
            "screening-from", "replace|reject", "replace, reject", standard: "replace",
            "A From that is not the own number that is asserted."),
    ]

    /// Changes an account by what an object says; members that are absent change nothing.
    static func read(_ members: JSONObject, into account: inout Account) throws(FieldFault) {
        let reader = try FieldReader(members, "account", known: self.all.map(\.name))
        try reader.set("correlation-id", &account.correlationID)
        try reader.set("teams-tenant", &account.teamsTenantID)
        if let services: [Service] = try reader.words("service") {
            account.services = Set(services)
        }
        try reader.set("label", &account.label)
        try reader.set("label-imported", &account.isLabelImported)
        try self.readTokens(reader, members["txt-token"], into: &account.txtTokens)
        try reader.set("trunk-set", &account.activeSet)
        try reader.set("screening", &account.isScreened)
        if let sources: [ScreeningPolicy.Source] = try reader.words("screening-sources") {
            guard !sources.isEmpty else {
                throw reader.fault(
                    .required, "screening-sources", "is empty",
                    Words.list(ScreeningPolicy.Source.self))
            }
            account.screening.sources = sources
        }
        try reader.set(
            "screening-anonymous", &account.screening.allowsAnonymous, on: "allow", off: "reject")
        try reader.set(
            "screening-forwarded", &account.screening.allowsForwarded, on: "allow", off: "reject")
        try reader.set(
            "screening-from", &account.screening.replacesFrom, on: "replace", off: "reject")
        if let fault = account.fault() { throw fault }
    }

    /// An object of tokens by region, or a text `1=TOKEN,2=TOKEN`. Regions that it does not name
    /// keep their tokens; `null` takes all away.
    private static func readTokens(
        _ reader: FieldReader, _ value: JSONValue?, into tokens: inout [Int: String]
    ) throws(FieldFault) {
        var said: [(String, String)] = []
        switch value {
        case nil: return
        case .null, .string(""): tokens = [:]
        case .object(let object):
            for (region, token) in object.members {
                guard token == .null || token.string != nil else {
                    throw reader.fault(.badValue, "txt-token", "is \(token.kind)", "a text")
                }
                said.append((region, token.string ?? ""))
            }
        case .string(let text):
            for part in text.split(separator: ",") {
                let sides = part.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                said.append((String(sides[0]), sides.count == 2 ? String(sides[1]) : "?"))
            }
        case .some(let value):
            throw reader.fault(.badValue, "txt-token", "is \(value.kind)", "REGION=TOKEN")
        }
        for (region, token) in said {
            guard region == "1" || region == "2" else {
                throw reader.fault(
                    .badValue, "txt-token", "is for no region", "1=TOKEN or 2=TOKEN")
            }
            tokens[region == "1" ? 1 : 2] = token.isEmpty ? nil : token
        }
    }

    /// All of an account, in the order of `all`.
    public static func json(_ account: Account) -> JSONObject {
        var tokens: JSONObject = [:]
        for (region, token) in account.txtTokens.sorted(by: { $0.key < $1.key }) {
            tokens["\(region)"] = .string(token)
        }
        let services = Service.allCases.filter(account.services.contains)
        let screening = account.screening
        return [
            "name": .string(account.name), "correlation-id": JSONValue(account.correlationID),
            "teams-tenant": JSONValue(account.teamsTenantID),
            "service": .array(services.map { .string($0.rawValue) }),
            "label": JSONValue(account.label), "label-imported": .bool(account.isLabelImported),
            "txt-token": .object(tokens), "trunk-set": .string(account.activeSet.rawValue),
            "screening": .bool(account.isScreened),
            "screening-sources": .array(screening.sources.map { .string($0.rawValue) }),
            "screening-anonymous": .string(screening.allowsAnonymous ? "allow" : "reject"),
            "screening-forwarded": .string(screening.allowsForwarded ? "allow" : "reject"),
            "screening-from": .string(screening.replacesFrom ? "replace" : "reject"),
        ]
    }
}
