// SPDX-License-Identifier: Apache-2.0

/// Request-Line and Status-Line (RFC 3261 sections 7.1 and 7.2).
///
/// A line that is clear enough to tell what it is comes back with its first fault, so that a
/// faulty request can be told from a faulty response.
enum StartLineParser {
    struct Line {
        var line: SIPMessage.StartLine
        var fault: SIPParseError?
    }

    private static let versionPrefix: StaticString = "SIP/"

    static func parse(_ bytes: [UInt8], _ range: Range<Int>) -> Result<Line, SIPParseError> {
        let line = bytes[range]
        if ASCII.equalsIgnoringCase(line.prefix(4), self.versionPrefix) {
            return self.statusLine(line)
        }
        return self.requestLine(line)
    }

    private static func failure(
        _ code: SIPParseError.Code, _ offset: Int
    ) -> Result<Line, SIPParseError> {
        .failure(SIPParseError(code, at: offset))
    }

    private static func requestLine(_ line: ArraySlice<UInt8>) -> Result<Line, SIPParseError> {
        var last = line.endIndex
        while last > line.startIndex, line[last - 1].isWhiteSpace { last -= 1 }
        var version = last
        while version > line.startIndex, !line[version - 1].isWhiteSpace { version -= 1 }
        guard ASCII.equalsIgnoringCase(line[version..<last].prefix(4), self.versionPrefix) else {
            return self.failure(.notSIP, line.startIndex)
        }
        let methodEnd = line.firstIndex(where: \.isWhiteSpace) ?? version
        let method = line[line.startIndex..<methodEnd]
        var uriStart = methodEnd
        while uriStart < version, line[uriStart].isWhiteSpace { uriStart += 1 }
        var uriEnd = version
        while uriEnd > uriStart, line[uriEnd - 1].isWhiteSpace { uriEnd -= 1 }
        guard uriStart < uriEnd else { return self.failure(.startLineSyntax, uriStart) }

        var fault: SIPParseError?
        if let bad = method.firstIndex(where: { !ByteSet.token.contains($0) }) {
            fault = SIPParseError(.methodSyntax, at: bad)
        } else if method.isEmpty {
            fault = SIPParseError(.startLineSpacing, at: line.startIndex)
        } else if let bad = self.spacing(line, [methodEnd, uriStart, uriEnd, version, last]) {
            fault = SIPParseError(.startLineSpacing, at: bad)
        } else if let bad = line[uriStart..<uriEnd].firstIndex(where: \.isWhiteSpace) {
            fault = SIPParseError(.requestURISpace, at: bad)
        } else if uriEnd - uriStart > SIPLimits.uriBytes {
            fault = SIPParseError(.uriTooLong, at: uriStart + SIPLimits.uriBytes)
        } else {
            fault = self.versionFault(line[version..<last])
        }
        let result = SIPMessage.StartLine.request(Method(bytes: method), uri: uriStart..<uriEnd)
        return .success(Line(line: result, fault: fault))
    }

    /// Where a separator is not exactly one SP. `cuts`: end of method, start and end of the URI,
    /// start and end of the version.
    private static func spacing(_ line: ArraySlice<UInt8>, _ cuts: [Int]) -> Int? {
        if cuts[1] - cuts[0] != 1 { return cuts[0] + 1 }
        if line[cuts[0]] != 0x20 { return cuts[0] }
        if cuts[3] - cuts[2] != 1 { return cuts[2] + 1 }
        if line[cuts[2]] != 0x20 { return cuts[2] }
        return cuts[4] < line.endIndex ? cuts[4] : nil
    }

    /// SIP-Version is "SIP/" 1*DIGIT "." 1*DIGIT, any case; only 2.0 is spoken here.
    private static func versionFault(_ version: ArraySlice<UInt8>) -> SIPParseError? {
        let numbers = version.dropFirst(4)
        let dot = numbers.firstIndex(of: UInt8(ascii: ".")) ?? numbers.endIndex
        let parts = [numbers[..<dot], numbers[dot...].dropFirst()]
        for part in parts {
            guard !part.isEmpty else { return SIPParseError(.versionSyntax, at: part.startIndex) }
            if let bad = part.firstIndex(where: { !ByteSet.digit.contains($0) }) {
                return SIPParseError(.versionSyntax, at: bad)
            }
        }
        let isTwo = parts[0].elementsEqual([0x32]) && parts[1].elementsEqual([0x30])
        return isTwo ? nil : SIPParseError(.versionUnsupported, at: version.startIndex)
    }

    private static func statusLine(_ line: ArraySlice<UInt8>) -> Result<Line, SIPParseError> {
        let versionEnd = line.firstIndex(where: \.isWhiteSpace) ?? line.endIndex
        let codeStart = min(versionEnd + 1, line.endIndex)
        let codeEnd = line[codeStart...].firstIndex(where: \.isWhiteSpace) ?? line.endIndex
        let reasonStart = min(codeEnd + 1, line.endIndex)
        let code = line[codeStart..<codeEnd]
        let status = code.count == 3 ? ASCII.number(code, limit: 699) : nil

        var fault = self.versionFault(line[..<versionEnd])
        if fault == nil, status ?? 0 < 100 {
            fault = SIPParseError(.statusSyntax, at: codeStart)
        }
        if fault == nil, versionEnd < line.endIndex, line[versionEnd] != 0x20 {
            fault = SIPParseError(.startLineSpacing, at: versionEnd)
        }
        if fault == nil, codeEnd == line.endIndex || line[codeEnd] != 0x20 {
            fault = SIPParseError(.startLineSpacing, at: codeEnd)
        }
        let result = SIPMessage.StartLine.response(
            status: Int(status ?? 0), reason: reasonStart..<line.endIndex)
        return .success(Line(line: result, fault: fault))
    }
}
