// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HTTPClient

@Suite("Responses of HTTP/1.1")
struct HTTPResponseReaderTests {
    private func read(
        _ text: String, inPieces size: Int, ends: Bool = false
    ) throws -> HTTPResponse? {
        var reader = HTTPResponseReader()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(start + size, bytes.count)]
            if let response = try reader.received(piece) { return response }
        }
        return ends ? try reader.ended() : nil
    }

    @Test("By its length, by chunks, by the end; cut anywhere", arguments: [1, 3, 999])
    func lengths(_ size: Int) throws {
        let counted = "HTTP/1.1 200 OK\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello"
        #expect(try self.read(counted, inPieces: size)?.body == Array("hello".utf8))
        let chunked =
            "HTTP/1.1 201 Created\r\nTransfer-Encoding: Chunked\r\n\r\n"
            + "3;x=y\r\nhel\r\n2 \r\nlo\r\n0\r\nTrailer: z\r\n\r\n"
        let second = try self.read(chunked, inPieces: size)
        #expect(second?.status == 201 && second?.body == Array("hello".utf8))
        let open = "HTTP/1.0 404 Not Found\r\n\r\nhello"
        let third = try self.read(open, inPieces: size, ends: true)
        #expect(third?.status == 404 && third?.body == Array("hello".utf8))
        let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        #expect(try self.read(early, inPieces: size) == HTTPResponse(status: 204, body: []))
        #expect(try self.read(String(counted.dropLast()), inPieces: size) == nil)
    }

    @Test("What is no response is refused")
    func malformed() {
        for text in [
            "SIP/2.0 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n", "\r\n\r\n",
        ] {
            #expect(throws: HTTPFailure.malformed, "\(text)") {
                try self.read(text, inPieces: 999)
            }
        }
    }

    @Test("Too much, and too little")
    func limits() {
        let head = "HTTP/1.1 200 OK\r\n"
        let long = String(repeating: "x", count: HTTPResponseReader.headBytesMax)
        let body = String(repeating: "x", count: HTTPResponseReader.bodyBytesMax + 1)
        for text in [
            head + "A: " + long, head + "A: " + long + "\r\n\r\n",
            head + "Content-Length: 65537\r\n\r\n", head + "\r\n" + body,
            head + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + body,
            head + "Transfer-Encoding: chunked\r\n\r\n" + long + "x",
        ] {
            #expect(throws: HTTPFailure.tooLarge) { try self.read(text, inPieces: 4096) }
        }
        for text in ["", head, head + "Content-Length: 3\r\n\r\nab"] {
            #expect(throws: HTTPFailure.cutShort) { try self.read(text, inPieces: 99, ends: true) }
        }
    }
}
