// SPDX-License-Identifier: Apache-2.0

/// A value with secrets in it: whatever prints it, logs, test failures and `dump` included, gets
/// its `description`, which says nothing of them.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{}

extension Redacted {
    /// As `description`.
    public var debugDescription: String { self.description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
