// SPDX-License-Identifier: Apache-2.0
//
// The conversation on the control socket: newline-delimited JSON. A request is one line
//     {"verb": "drain", "arguments": {"trunk": "carrier"}}
// and gets one line: {"result": ...} or {"error": {"code": "not_found", "text": "..."}}.
// Requests on one connection are answered in their order.

/// A request to the running process.
public struct ControlRequest: Sendable, Equatable {
    /// What to do.
    public var verb: String
    /// With what.
    public var arguments: JSONObject

    /// From its parts.
    public init(verb: String, arguments: JSONObject = [:]) {
        self.verb = verb
        self.arguments = arguments
    }

    /// One line without its end.
    public func encoded() -> [UInt8] {
        JSONValue.object(["verb": .string(self.verb), "arguments": .object(self.arguments)])
            .encoded()
    }

    /// Reads a line; the error is the answer to give.
    init(line: [UInt8]) throws(ControlError) {
        let value: JSONValue
        do {
            value = try JSONValue(
                parsing: line, limits: .init(bytes: ControlServer.requestBytesMax, values: 1000))
        } catch {
            throw ControlError(.badRequest, "not a JSON value: \(error)")
        }
        guard let object = value.object, let verb = object["verb"]?.string else {
            throw ControlError(.badRequest, "an object with a member \"verb\" is expected")
        }
        let arguments = object["arguments"] ?? [:]
        guard let members = arguments.object else {
            throw ControlError(.badRequest, "\"arguments\" is \(arguments.kind), not an object")
        }
        self.init(verb: verb, arguments: members)
    }
}

/// Why a request was not done.
public struct ControlError: Error, Sendable, Equatable {
    /// What kind of refusal it is; scripts look at this.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The word on the wire.
        public let rawValue: String

        /// From the word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The request cannot be understood.
        public static let badRequest = Code(rawValue: "bad_request")
        /// No such verb.
        public static let unknownVerb = Code(rawValue: "unknown_verb")
        /// An argument is missing, or not what it may be.
        public static let badArgument = Code(rawValue: "bad_argument")
        /// What was named does not exist.
        public static let notFound = Code(rawValue: "not_found")
        /// Understood, and refused.
        public static let refused = Code(rawValue: "refused")
        /// The answer would be too large.
        public static let tooLarge = Code(rawValue: "too_large")
        /// Nothing answers, or not in time.
        public static let noAnswer = Code(rawValue: "no_answer")
    }

    /// What kind of refusal it is.
    public let code: Code
    /// One sentence for people.
    public let text: String
    /// What scripts may want to know beside the code: members of the error's object.
    public let details: JSONObject

    /// From its parts.
    public init(_ code: Code, _ text: String, details: JSONObject = [:]) {
        self.code = code
        self.text = text
        self.details = details
    }

    /// The object that stands for it: code, text and what there is beside them.
    public var json: JSONValue {
        var members: JSONObject = ["code": .string(self.code.rawValue), "text": .string(self.text)]
        for (name, value) in self.details.members { members[name] = value }
        return .object(members)
    }
}

/// What a request got.
public typealias ControlAnswer = Result<JSONValue, ControlError>

extension ControlError {
    static func encode(_ answer: ControlAnswer) -> [UInt8] {
        switch answer {
        case .success(let value):
            JSONValue.object(["result": value]).encoded()
        case .failure(let error):
            JSONValue.object(["error": error.json]).encoded()
        }
    }

    static func decode(_ line: [UInt8]) -> ControlAnswer {
        let limits = JSONValue.Limits(bytes: ControlServer.answerBytesMax, values: 10_000_000)
        guard let value = try? JSONValue(parsing: line, limits: limits) else {
            return .failure(ControlError(.noAnswer, "the answer is not JSON"))
        }
        if let result = value["result"] { return .success(result) }
        guard let error = value["error"], let code = error["code"]?.string else {
            return .failure(ControlError(.noAnswer, "the answer has neither result nor error"))
        }
        var details = error.object ?? [:]
        details["code"] = nil
        details["text"] = nil
        return .failure(
            ControlError(
                .init(rawValue: code), error["text"]?.string ?? code, details: details))
    }
}
