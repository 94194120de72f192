// SPDX-License-Identifier: Apache-2.0

/// Why a run cannot be had: one sentence, and what the process leaves behind.
public struct Refusal: Error, Sendable, Equatable {
    /// Exit codes, as those of trunkline-fastpath.
    public enum Code: Int32, Sendable {
        /// The arguments are wrong.
        case usage = 64
        /// Something that the run needs is not there.
        case unavailable = 69
    }

    /// What the process leaves behind.
    public let code: Code
    /// One sentence.
    public let text: String

    /// From its parts.
    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }
}
