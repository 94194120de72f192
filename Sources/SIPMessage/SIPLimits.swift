// SPDX-License-Identifier: Apache-2.0

/// What this module bounds. Each limit has its own `SIPParseError.Code`.
public enum SIPLimits {
    /// Octets of a whole message, start line to end of body.
    public static let messageBytes = 65_536
    /// Header field lines (a folded one counts once).
    public static let headerCount = 256
    /// Octets of one header field, name to last octet of the value.
    public static let headerBytes = 8_192
    /// Octets of one URI.
    public static let uriBytes = 2_048
    /// Parameters of one header field value or one URI.
    public static let parameterCount = 64
    /// Values of one comma list, all lines of that header together.
    public static let valueCount = 128
    /// CRLFs that a stream may send between two messages before they count as a fault.
    public static let keepAliveBytes = 1_024
}
