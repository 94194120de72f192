// SPDX-License-Identifier: Apache-2.0

extension NodeConfiguration {
    /// The example file: every key with its meaning, unit, range and default. It is a valid
    /// configuration; keys that few need are comments in it.
    public static func exampleFile() -> String {
        var lines = [
            "# SPDX-License-Identifier: Apache-2.0",
            "#",
            "# Configuration of a Trunkline node. Every key stands here with its meaning, its unit",
            "# and range where it has them, and what holds without it. Check a changed file with",
            "# `trunkline check FILE`.",
            "#",
            "# The node of this example stands between two neighbours, carrier and service, each",
            "# at an interface of its own. Each side takes a realm (where media goes in and out),",
            "# a listener (where SIP does), a trunk (the neighbour) and a route (which calls it",
            "# gets). The first of each shows every key, the second only what has no default.",
            "# Sections and keys with a default may be left out.",
        ]
        for section in Schema.sections {
            lines += ["", "# \(section.meaning)", "\(section.name):"]
            for (index, key) in section.keys.enumerated() {
                let indent = section.isList ? "    " : "  "
                let first = section.isList && index == 0 ? "  - " : indent
                lines += self.comment(key).map { indent + "# " + $0 }
                let mark = key.isRare ? "# " : ""
                lines.append("\(first)\(mark)\(key.name): \(key.example)")
            }
            for other in section.others {
                lines += ["    # " + other.meaning, "  - " + other.example]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Meaning; then unit, range and default in brackets.
    private static func comment(_ key: Key) -> [String] {
        var facts: [String] = []
        switch key.kind {
        case .integer(let range), .integers(let range):
            facts.append("\(range.lowerBound) to \(range.upperBound)")
        case .flag: facts.append("true or false")
        case .text, .texts: break
        }
        if let unit = key.unit { facts.append("unit: \(unit)") }
        switch key.absent {
        case .required: facts.append("required")
        case .standard(let text): facts.append("default: \(text)")
        case .described(let text): facts.append("default: \(text)")
        }
        return [key.meaning, "(\(facts.joined(separator: "; ")))"]
    }
}
