// SPDX-License-Identifier: Apache-2.0

public import Management
public import Tenancy

/// A number as an object of a request or an answer.
public enum NumberFields {
    /// Every field that can be said, in the order of answers and files.
    public static let all = [
        ProvisionedField(
            "number", "NUMBER", Fields.number.allowed, "The number; one tenant has it."),
        ProvisionedField(
            "tenant", "NAME", Fields.accountName.allowed, "The tenant that has it."),
        ProvisionedField(
            "service", "SERVICE", Words.list(Service.self),
            standard: "the tenant's only one",
            "The service that is active for it; one of the tenant's."),
        ProvisionedField(
            "trunk-set", "plain|bypass", Words.list(TrunkSet.self),
            "Trunks of its calls, where they are not those of the tenant."),
        ProvisionedField(
            "custom-header", "TEXT", Fields.customHeader.allowed,
            "Contents of the deployment's custom header in its calls."),
        ProvisionedField(
            "civic-address", "ID", Fields.civicAddress.allowed,
            "Its civic address, as the service names it."),
        ProvisionedField(
            "location", "ID", Fields.location.allowed, "The place in that address."),
        ProvisionedField(
            "tenant-update", "on|off", "on, off", standard: "off",
            "The tenant may change the address."),
    ]

    /// What a command or a file may say of all of its numbers at once.
    public static let shared = all.filter { $0.name != "number" }

    /// Changes a number by what an object says; members that are absent change nothing. Number and
    /// tenant are the caller's.
    static func read(
        _ reader: FieldReader, into number: inout ProvisionedNumber
    ) throws(FieldFault) {
        try reader.set("service", &number.service)
        try reader.set("trunk-set", &number.trunkSet)
        try reader.set("custom-header", &number.customHeader)
        var emergency = number.emergency ?? ProvisionedNumber.EmergencyAddress()
        try reader.set("civic-address", &emergency.civicAddressID)
        try reader.set("location", &emergency.locationID)
        try reader.set("tenant-update", &emergency.allowsTenantUpdate)
        number.emergency = emergency == ProvisionedNumber.EmergencyAddress() ? nil : emergency
        if let fault = number.fault() { throw fault }
    }

    /// All of a number, in the order of `all`.
    public static func json(_ number: ProvisionedNumber) -> JSONObject {
        var object: JSONObject = ["number": .string(number.number.description)]
        for (name, value) in self.values(number).members { object[name] = value }
        return object
    }

    private static func values(_ number: ProvisionedNumber) -> JSONObject {
        [
            "tenant": .string(number.account), "service": .string(number.service.rawValue),
            "trunk-set": JSONValue(number.trunkSet?.rawValue),
            "custom-header": JSONValue(number.customHeader),
            "civic-address": JSONValue(number.emergency?.civicAddressID),
            "location": JSONValue(number.emergency?.locationID),
            "tenant-update": .bool(number.emergency?.allowsTenantUpdate ?? false),
        ]
    }

    /// Numbers as short as they can be said: neighbours with equal values are one range, and values
    /// that are the default are left out.
    static func runs(_ numbers: [ProvisionedNumber]) -> JSONValue {
        var runs: [(first: ProvisionedNumber, last: E164)] = []
        for number in numbers.sorted(by: { $0.number < $1.number }) {
            if let run = runs.last, run.last.value + 1 == number.number.value {
                var next = run.first
                next.number = number.number
                if next == number {
                    runs[runs.count - 1].last = number.number
                    continue
                }
            }
            runs.append((number, number.number))
        }
        return .array(
            runs.map { first, last in
                let range = first.number == last ? "\(last)" : "\(first.number)-\(last)"
                var object: JSONObject = ["number": .string(range)]
                for (name, value) in self.values(first).members
                where value != .null && value != .bool(false) {
                    object[name] = value
                }
                return .object(object)
            })
    }
}
