// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning
import Tenancy

/// Words of `trunkline migration` on their way to the node.
struct MigrationRequest {
    private let access: ProvisioningAccess
    private let arguments: Arguments

    /// Numbers of a request: what there are more of follows in others.
    private static let batch = 1_000
    /// Longest file of numbers.
    static let fileBytesMax = 8 << 20

    init(_ access: ProvisioningAccess, _ arguments: Arguments) {
        self.access = access
        self.arguments = arguments
    }

    // MARK: Plans

    /// Makes a plan; a list of numbers that is too long for one request goes in several.
    func plan(_ name: String, _ cohorts: [String]) throws(Failure) {
        var request = self.arguments.members(MigrationFields.all)
        request["name"] = .string(name)
        var elements: [JSONValue] = []
        var rest: [(cohort: Int, numbers: ArraySlice<String>)] = []
        var lines = CohortLines()
        for (position, text) in cohorts.enumerated() {
            let cohort = try Cohort(text, &lines)
            if case .numbers(let numbers) = cohort {
                rest.append((position, numbers.dropFirst(Self.batch)))
            }
            elements.append(cohort.json(most: Self.batch))
        }
        request["cohorts"] = .array(elements)
        if self.arguments.has("dry-run") { request["dry-run"] = true }
        var answer = try self.ask("migration-plan", request, lines)
        for (cohort, numbers) in rest where !self.arguments.has("dry-run") {
            var numbers = numbers
            while !numbers.isEmpty {
                let part: JSONObject = [
                    "name": .string(name), "cohort": JSONValue(cohort),
                    "numbers": .array(numbers.prefix(Self.batch).map { .string($0) }),
                ]
                answer = try self.ask("migration-extend", part, lines)
                numbers = numbers.dropFirst(Self.batch)
            }
        }
        MigrationText.tell(answer, self.arguments)
    }

    /// A refusal that is of a number says which line of a file has that.
    private func ask(
        _ verb: String, _ request: JSONObject, _ lines: CohortLines
    ) throws(Failure) -> JSONValue {
        do throws(Failure) {
            return try self.access.ask(verb, request, self.arguments)
        } catch {
            guard let place = lines.place(ofNumberIn: error.text) else { throw error }
            throw Failure(status: error.status, text: "\(place): \(error.text)")
        }
    }

    /// A cohort as it is typed.
    private enum Cohort {
        case numbers([String])
        case all([String])
        case share(Int, [String])

        init(_ text: String, _ lines: inout CohortLines) throws(Failure) {
            if text.first == "@" {
                self = .numbers(try lines.read(String(text.dropFirst())))
                return
            }
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                self = .numbers(text.split(separator: ",").map(String.init))
                return
            }
            let tenants = parts[1].split(separator: ",").map(String.init)
            if parts[0] == "all" {
                self = .all(tenants)
            } else if parts[0].hasSuffix("%"), let percent = Int(parts[0].dropLast()),
                (1...100).contains(percent)
            {
                self = .share(percent, tenants)
            } else {
                throw .usage(
                    "\(text) is no cohort: numbers, @FILE, 1%:TENANTS to 100%:TENANTS, "
                        + "all:TENANTS")
            }
        }

        func json(most: Int) -> JSONValue {
            func texts(_ words: some Sequence<String>) -> JSONValue {
                .array(words.map { .string($0) })
            }
            return switch self {
            case .numbers(let numbers): ["numbers": texts(numbers.prefix(most))]
            // One text: a request has room for more names so.
            case .all(let tenants): ["tenants": .string(tenants.joined(separator: ","))]
            case .share(let percent, let tenants):
                [
                    "tenants": .string(tenants.joined(separator: ",")),
                    "percent": JSONValue(percent),
                ]
            }
        }
    }

    // MARK: Steps

    /// `start`, `step`, `back-out` or `remove`.
    func change(_ verb: String, _ name: String) throws(Failure) {
        var request: JSONObject = ["name": .string(name)]
        if verb == "step" {
            if let confirmed = self.arguments["confirm"] { request["confirm"] = .string(confirmed) }
            if self.arguments.has("force") { request["force"] = true }
        } else if verb == "back-out", let step = self.arguments["to"] {
            request["to"] = .string(step)
        }
        if self.arguments.has("dry-run") { request["dry-run"] = true }
        let answer = try self.access.ask("migration-\(verb)", request, self.arguments)
        MigrationText.tell(answer, self.arguments)
    }
}
