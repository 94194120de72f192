// SPDX-License-Identifier: Apache-2.0

/// One change of what calls look tenants up in, in the order in which it was committed.
public enum DirectoryChange: Sendable, Hashable {
    /// What holds for all tenants is this from now on.
    case deployment(Deployment)
    /// An account is new, or has these values from now on.
    case account(Account)
    /// The account of this name is gone; its numbers went before it.
    case accountRemoved(String)
    /// A number is new, or has these values from now on.
    case number(ProvisionedNumber)
    /// A number is nobody's any more.
    case numberRemoved(E164)
}
