// SPDX-License-Identifier: Apache-2.0

extension SIPURI {
    /// A URI without the method parameter and the headers, which a Request-URI must not have
    /// (RFC 3261 section 19.1.1), and otherwise as it stands there. Behind the "@" neither ";" nor
    /// "?" stands for anything else.
    public static func requestURI(_ uri: ArraySlice<UInt8>) -> [UInt8] {
        let hostStart = uri.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? uri.startIndex
        let end = uri[hostStart...].firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex
        let parts = uri[hostStart..<end].split(
            separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        let kept = parts.filter { !ASCII.equalsIgnoringCase($0.prefix(7), "method=") }
        return Array(uri[..<hostStart]) + kept.joined(separator: [UInt8(ascii: ";")])
    }
}
