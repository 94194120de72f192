// SPDX-License-Identifier: Apache-2.0

/// What the box says of itself in Supported and holds Require to.
public enum SIPCapabilities {
    /// Option tags that Require may name (RFC 3261 section 19.2); an extension adds its own.
    /// Which of them a peer may require is its trunk's policy, enforced where the trunk is known.
    public static let optionTags: [StaticString] = ["100rel", "timer", "replaces", "norefersub"]

    /// True for a tag of the list.
    public static func supports(optionTag: some Collection<UInt8>) -> Bool {
        self.optionTags.contains { ASCII.equalsIgnoringCase(optionTag, $0) }
    }
}
