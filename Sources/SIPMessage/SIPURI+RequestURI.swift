// SPDX-License-Identifier: Apache-2.0

extension SIPURI {
    /// A URI without the method parameter and the headers, which a Request-URI must not have
    /// (RFC 3261 section 19.1.1), and otherwise as it stands there. Behind the "@" a ";" stands for
    /// nothing else.
    public static func requestURI(_ uri: ArraySlice<UInt8>) -> [UInt8] {
        let hostStart = Self.hostStart(uri)
        let end = Self.headersStart(uri)
        let parts = uri[hostStart..<end].split(
            separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        let kept = parts.filter { !ASCII.equalsIgnoringCase($0.prefix(7), "method=") }
        return Array(uri[..<hostStart]) + kept.joined(separator: [UInt8(ascii: ";")])
    }

    /// Where the headers of a URI begin, with "?", or its end. A "?" before the "@" is part of the
    /// user (RFC 3261 section 25.1, `user-unreserved`).
    public static func headersStart(_ uri: ArraySlice<UInt8>) -> Int {
        uri[Self.hostStart(uri)...].firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex
    }

    private static func hostStart(_ uri: ArraySlice<UInt8>) -> Int {
        uri.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? uri.startIndex
    }
}
