// SPDX-License-Identifier: Apache-2.0

/// Why the store could not do something.
struct StoreError: Error, CustomStringConvertible {
    /// What it is for the store.
    enum Kind {
        /// The file system, or the file within its limit, has no room.
        case full
        /// The file is not, or no longer, one of ours.
        case corrupt
        /// Anything else.
        case failed
    }

    /// What it is.
    let kind: Kind
    /// The file, and what is wrong, in words.
    let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
