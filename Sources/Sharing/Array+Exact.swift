// SPDX-License-Identifier: Apache-2.0

extension Array {
    /// The same in no more memory than it needs, for what is kept: an array that was appended to
    /// has room for as much again.
    @inlinable public var exact: [Element] {
        self.capacity == self.count ? self : self.withUnsafeBufferPointer { Array($0) }
    }
}
