// SPDX-License-Identifier: Apache-2.0

/// A YAML document as a tree with lines.
struct YAMLNode {
    struct Entry {
        var key: String
        var line: SourceLine
        var value: YAMLNode
    }

    indirect enum Content {
        /// Text as it stands; `plain` without quotes.
        case scalar(String, plain: Bool)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    var line: SourceLine
    var content: Content

    /// True for a plain nothing, `~` or `null`: a key whose value was left out.
    var isNull: Bool {
        guard case .scalar(let text, plain: true) = self.content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// What it is, for messages.
    var kindName: String {
        switch self.content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a section of keys"
        }
    }
}

/// What stops the reading of YAML at once.
struct YAMLFault: Error {
    var line: SourceLine
    var problem: String
    var fix: String
}
