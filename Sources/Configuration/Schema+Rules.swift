// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk that name its rules.
enum TrunkRuleKeys {
    static let incoming = Key(
        "rules-in", .texts, .described("none"),
        "Rule files for messages that arrive from it, in order; relative to this file.",
        example: "[rules/from-carrier.yaml]", isRare: true)
    static let outgoing = Key(
        "rules-out", .texts, .described("none"),
        "Rule files for messages that leave to it, in order; relative to this file.",
        example: "[rules/to-carrier.yaml]", isRare: true)
    static let all = [incoming, outgoing]
}

/// Keys of a rule file.
enum RuleKeys {
    static let name = Key(
        "name", .text, .required, "Unique in its file.", example: "strip-plus")
    static let messages = Key(
        "messages", .text, .described("both"), "requests or responses.", example: "requests")
    static let methods = Key(
        "methods", .texts, .described("every method"), "Methods.", example: "[INVITE]")
    static let status = Key(
        "status", .text, .described("every status"), "STATUS or FIRST-LAST of responses.",
        example: "180-183")
    static let when = Key(
        "when", .texts, .described("always"), "Conditions, all of which have to hold.",
        example: "[{ part: method, is: INVITE }]")
    static let then = Key(
        "then", .texts, .required, "Actions, done in order.",
        example: "[{ remove: header(Subject) }]")
    static let onFault = Key(
        "on-fault", .text, .standard("pass"), "pass or refuse.", example: "pass")
    static let all = [name, messages, methods, status, when, then, onFault]

    static let part = Key(
        "part", .text, .required, "What is looked at.", example: "header(From).user")
    static let present = Key(
        "present", .flag, .described("not asked"), "Whether it is there.", example: "true")
    static let equals = Key(
        "is", .text, .described("not asked"), "What it is.", example: "anonymous")
    static let contains = Key(
        "contains", .text, .described("not asked"), "What is in it.", example: "anonymous")
    static let matches = Key(
        "matches", .text, .described("not asked"), "A pattern that is found in it.",
        example: "\"^0([1-9].*)\"")
    static let ignoreCase = Key(
        "ignore-case", .flag, .standard("false"), "Letters equal their other case.",
        example: "true")
    static let not = Key(
        "not", .flag, .standard("false"), "Holds where it would not.", example: "true")
    static let variable = Key(
        "as", .text, .described("not kept"), "Keeps what was captured as a variable.",
        example: "tenant")
    static let condition = [part, present, equals, contains, matches, ignoreCase, not, variable]

    static let add = Key(
        "add", .text, .described("not done"), "A header, or lines, to add.",
        example: "header(X-Trunk)")
    static let set = Key(
        "set", .text, .described("not done"), "What is set.", example: "header(From).user")
    static let remove = Key(
        "remove", .text, .described("not done"), "What is removed.", example: "header(Subject)")
    static let replace = Key(
        "replace", .text, .described("not done"), "What is changed in part.",
        example: "header(To).user")
    static let stop = Key(
        "stop", .flag, .standard("false"), "No later rule is tried.", example: "true")
    static let to = Key("to", .text, .required, "The new value.", example: "\"+1$1\"")
    static let matching = Key(
        "matching", .text, .described("all of it"), "Only where this pattern is found.",
        example: "\"^a=ptime:\"")
    static let pattern = Key(
        "pattern", .text, .required, "What is replaced.", example: "\"^00\"")
    static let with = Key("with", .text, .required, "By what.", example: "\"+\"")
    static let everywhere = Key(
        "everywhere", .flag, .standard("false"), "Every time, not only the first.",
        example: "true")
    static let action = [
        add, set, remove, replace, stop, to, matching, pattern, with, everywhere, ignoreCase,
    ]
}
