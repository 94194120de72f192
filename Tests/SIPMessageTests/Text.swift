// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The octets of a literal as the parser takes them.
func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// A well-formed INVITE, header lines replaced or added by name, lines ended with CRLF.
func invite(
    _ changes: [(String, String?)] = [], start: String = "INVITE sip:bob@example.com SIP/2.0",
    body: String = ""
) -> [UInt8] {
    var headers: [(String, String)] = [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds"),
        ("Max-Forwards", "70"), ("From", "Alice <sip:alice@example.com>;tag=1928301774"),
        ("To", "Bob <sip:bob@example.com>"), ("Call-ID", "a84b4c76e66710@192.0.2.1"),
        ("CSeq", "314159 INVITE"), ("Contact", "<sip:alice@192.0.2.1>"),
        ("Content-Length", "\(body.utf8.count)"),
    ]
    for (name, value) in changes {
        if let value, let index = headers.firstIndex(where: { $0.0 == name }) {
            headers[index].1 = value
        } else if let value {
            headers.append((name, value))
        } else {
            headers.removeAll { $0.0 == name }
        }
    }
    let lines = [start] + headers.map { "\($0.0): \($0.1)" }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
}

/// The code of the error that the expression throws; nil where it throws none.
func fault<T>(_ body: () throws(SIPParseError) -> T) -> SIPParseError.Code? {
    do throws(SIPParseError) {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}

extension Verdict {
    /// Status of a rejection, 0 for a drop, nil for acceptance; without the offset.
    var status: Int? {
        switch self {
        case .accept: nil
        case .reject(let status, _, _): status
        case .drop: 0
        }
    }
}
