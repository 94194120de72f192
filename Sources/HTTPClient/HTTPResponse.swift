// SPDX-License-Identifier: Apache-2.0

/// A response of HTTP/1.1 (RFC 9112).
public struct HTTPResponse: Sendable, Hashable {
    /// The status code, 200 to 599.
    public let status: Int
    /// The content, without its coding for the transfer.
    public let body: [UInt8]
}

/// Why there is no response.
public enum HTTPFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What came is not HTTP/1.
    case malformed
    /// More came than `HTTPResponseReader` takes.
    case tooLarge
    /// The connection ended before the response did.
    case cutShort
    /// There was no connection; the system's reason.
    case unreachable(String)

    /// For people.
    public var description: String {
        switch self {
        case .malformed: "what came is no HTTP response"
        case .tooLarge: "the response is too large"
        case .cutShort: "the connection ended within the response"
        case .unreachable(let why): why
        }
    }
}

/// Reads one response to a POST out of the octets of its connection.
public struct HTTPResponseReader: Sendable {
    /// Octets of the status line and the header section.
    public static let headBytesMax = 16_384
    /// Octets of the content.
    public static let bodyBytesMax = 65_536

    private enum State {
        case head
        case body(length: Int)
        case bodyToTheEnd
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
    }

    private var state = State.head
    private var pending: [UInt8] = []
    private var status = 0
    private var body: [UInt8] = []

    /// Nothing has come.
    public init() {}

    /// Octets came. The response when it is whole, nil while it is not.
    public mutating func received(
        _ bytes: some Sequence<UInt8>
    ) throws(HTTPFailure) -> HTTPResponse? {
        self.pending += bytes
        while let isWhole = try self.step() {
            if isWhole { return HTTPResponse(status: self.status, body: self.body) }
        }
        return nil
    }

    /// The server sends no more: that is the end of a response without a length.
    public func ended() throws(HTTPFailure) -> HTTPResponse {
        guard case .bodyToTheEnd = self.state else { throw .cutShort }
        return HTTPResponse(status: self.status, body: self.body)
    }

    /// Takes one piece. True when the response is whole, nil when more has to come first.
    private mutating func step() throws(HTTPFailure) -> Bool? {
        switch self.state {
        case .head:
            guard let head = try self.takeHead() else { return nil }
            return try self.read(head)
        case .body(let length):
            guard self.pending.count >= length else { return nil }
            try self.take(length)
            return true
        case .bodyToTheEnd:
            guard !self.pending.isEmpty else { return nil }
            try self.take(self.pending.count)
            return nil
        case .chunkSize:
            guard let line = try self.takeLine() else { return nil }
            // Extensions of a chunk stand behind a semicolon.
            let digits = line.prefix { $0 != 0x3b }.filter { $0 != 0x20 && $0 != 0x09 }
            guard (1...8).contains(digits.count),
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0
            else { throw .malformed }
            self.state = size == 0 ? .trailer : .chunk(left: size)
            return false
        case .chunk(let left):
            guard !self.pending.isEmpty else { return nil }
            let count = min(left, self.pending.count)
            try self.take(count)
            self.state = left == count ? .chunkEnd : .chunk(left: left - count)
            return false
        case .chunkEnd:
            guard let line = try self.takeLine() else { return nil }
            guard line.isEmpty else { throw .malformed }
            self.state = .chunkSize
            return false
        case .trailer:
            guard let line = try self.takeLine() else { return nil }
            return line.isEmpty
        }
    }

    private mutating func take(_ count: Int) throws(HTTPFailure) {
        guard self.body.count + count <= Self.bodyBytesMax else { throw .tooLarge }
        self.body += self.pending[..<count]
        self.pending.removeFirst(count)
    }

    /// A line without its end.
    private mutating func takeLine() throws(HTTPFailure) -> [UInt8]? {
        guard let end = self.pending.firstIndex(of: 0x0a) else {
            guard self.pending.count <= Self.headBytesMax else { throw .tooLarge }
            return nil
        }
        let line = Array(self.pending[..<end])
        self.pending.removeFirst(end + 1)
        return line.last == 0x0d ? Array(line.dropLast()) : line
    }

    /// The lines of the head once its empty line is there.
    private mutating func takeHead() throws(HTTPFailure) -> [[UInt8]]? {
        let mark: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a]
        guard let end = self.pending.firstRange(of: mark) else {
            guard self.pending.count <= Self.headBytesMax else { throw .tooLarge }
            return nil
        }
        let head = self.pending[..<end.lowerBound]
        guard head.count <= Self.headBytesMax else { throw .tooLarge }
        self.pending.removeSubrange(..<end.upperBound)
        return head.split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            line.last == 0x0d ? Array(line.dropLast()) : Array(line)
        }
    }

    /// How long the content is (RFC 9112 section 6.3).
    private mutating func read(_ head: [[UInt8]]) throws(HTTPFailure) -> Bool {
        let first = head[0]
        let code = first.dropFirst(9).prefix(3)
        guard first.starts(with: Array("HTTP/1.".utf8)), first.count >= 12, first[8] == 0x20,
            code.allSatisfy({ (0x30...0x39).contains($0) }),
            let status = Int(String(decoding: code, as: UTF8.self)), (100...599).contains(status)
        else { throw .malformed }
        // What is said in between is not asked for.
        guard status >= 200 else { return false }
        self.status = status
        var length: Int?
        var isChunked = false
        for line in head.dropFirst() {
            guard let colon = line.firstIndex(of: 0x3a), colon > 0 else { throw .malformed }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
                .split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
            switch name {
            case "content-length":
                guard (1...9).contains(value.utf8.count), let octets = Int(value), octets >= 0,
                    length == nil || length == octets
                else { throw .malformed }
                length = octets
            case "transfer-encoding":
                guard value.lowercased() == "chunked" else { throw .malformed }
                isChunked = true
            default: break
            }
        }
        if status == 204 || status == 304 { return true }
        if isChunked {
            self.state = .chunkSize
        } else if let length {
            guard length <= Self.bodyBytesMax else { throw .tooLarge }
            self.state = .body(length: length)
        } else {
            self.state = .bodyToTheEnd
        }
        return false
    }
}
