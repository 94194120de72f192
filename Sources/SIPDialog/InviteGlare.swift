// SPDX-License-Identifier: Apache-2.0

/// Two INVITEs inside one dialog that meet each other (RFC 3261 section 14).
public enum InviteGlare {
    /// How long to wait after a 491 (RFC 3261 section 14.1): 2.1 to 4 s for the end that chose the
    /// Call-ID, else 0 to 2 s, in units of 10 ms. `random` is any number.
    public static func retryMilliseconds(ownsCallID: Bool, random: UInt32) -> UInt32 {
        ownsCallID ? 2100 + random % 191 * 10 : random % 201 * 10
    }
}
