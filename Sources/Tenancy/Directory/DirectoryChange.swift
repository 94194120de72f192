// SPDX-License-Identifier: Apache-2.0

/// One change of what calls look up, as the store has committed it.
public enum DirectoryChange: Sendable, Hashable {
    /// The deployment's settings.
    case deployment(Deployment)
    /// A tenant, new or changed; by its name.
    case account(Account)
    /// The tenant of this name is gone.
    case accountRemoved(String)
    /// A number, new or changed.
    case number(ProvisionedNumber)
    /// The number is nobody's.
    case numberRemoved(E164)
}
