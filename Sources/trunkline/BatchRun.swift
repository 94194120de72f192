// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning

/// Elements on their way to the node, a batch a request, and what became of each.
struct BatchRun {
    /// An element, or the reason why there is none.
    struct Item {
        /// Its line in the file; nil where it comes from the command line.
        var line: Int?
        /// What names it.
        var key: String
        /// What is sent; nil where it cannot be.
        var element: JSONValue?
        /// Numbers that it stands for.
        var count = 1
        /// Why it cannot be sent.
        var problem = ""
    }

    /// What became of one.
    struct Row {
        var line: Int?
        var key: String
        var state: String
        /// Why it was refused, as an object.
        var error: JSONValue?

        var code: String { self.error?["code"]?.string ?? "" }
        var reason: String { self.error?["text"]?.string ?? "" }

        /// `name` is what names an element: "number".
        func json(_ name: String) -> JSONObject {
            var object: JSONObject = [:]
            object["line"] = self.line.map { JSONValue($0) }
            object[name] = .string(self.key)
            object["state"] = .string(self.state)
            object["error"] = self.error
            return object
        }
    }

    /// Why it did not get to the end; nil: it did.
    private(set) var stop: String?
    /// How many became what.
    private(set) var counts: [String: Int] = [:]

    private let verb: String
    private let kind: ImportFile.Kind
    private let access: ProvisioningAccess
    /// What holds for all elements.
    private let shared: JSONObject
    private let done: (Row) -> Void
    private var items: [Item] = []
    private var waiting = 0

    init(
        _ verb: String, _ kind: ImportFile.Kind, _ access: ProvisioningAccess,
        shared: JSONObject, done: @escaping (Row) -> Void
    ) {
        self.verb = verb
        self.kind = kind
        self.access = access
        self.shared = shared
        self.done = done
    }

    /// Takes an element; asks when there are enough. False: it has stopped.
    mutating func add(_ item: Item) -> Bool {
        if self.waiting + item.count > ImportFile.batch { self.flush() }
        guard self.stop == nil else { return false }
        self.items.append(item)
        self.waiting += item.element == nil ? 0 : item.count
        if self.items.count >= ImportFile.batch { self.flush() }
        return self.stop == nil
    }

    /// Asks for what waits.
    mutating func flush() {
        guard !self.items.isEmpty, self.stop == nil else { return }
        let items = self.items
        self.items = []
        self.waiting = 0
        var rows: [JSONValue] = []
        let elements = items.compactMap(\.element)
        if !elements.isEmpty {
            var request = self.shared
            request[self.kind.member] = .array(elements)
            do throws(Failure) {
                switch try self.access.answer(self.verb, request) {
                case .success(let answer): rows = answer[self.kind.member]?.array ?? []
                case .failure(let error): return self.give(up: items, error)
                }
            } catch {
                return self.give(up: items, ControlError(.refused, error.text))
            }
        }
        var rest = rows[...]
        for item in items {
            guard item.element != nil else {
                let error: JSONValue = ["code": "bad_value", "text": .string(item.problem)]
                self.tell(
                    Row(line: item.line, key: item.key, state: "refused", error: error))
                continue
            }
            for row in rest.prefix(item.count) {
                self.tell(
                    Row(
                        line: item.line, key: row[self.kind.key]?.string ?? item.key,
                        state: row["state"]?.string ?? "unknown", error: row["error"]))
            }
            rest = rest.dropFirst(item.count)
        }
    }

    /// The request was not done, or nobody knows. What follows is not asked for.
    private mutating func give(up items: [Item], _ error: ControlError) {
        let isKnown = error.code != .noAnswer
        self.stop = ProvisioningAccess.sentence(error)
        for item in items {
            self.tell(
                Row(
                    line: item.line, key: item.key, state: isKnown ? "refused" : "unknown",
                    error: error.json))
        }
    }

    private mutating func tell(_ row: Row) {
        self.counts[row.state, default: 0] += 1
        self.done(row)
    }

    /// "3 added, 1 refused"
    var summary: String {
        let states = ["added", "changed", "unchanged", "removed", "refused", "unknown"]
        let parts = states.compactMap { state in self.counts[state].map { "\($0) \(state)" } }
        return parts.isEmpty ? "nothing to do" : parts.joined(separator: ", ")
    }

    /// Nothing was refused, and the end was reached.
    var isGood: Bool {
        self.stop == nil && self.counts["refused"] == nil && self.counts["unknown"] == nil
    }
}
