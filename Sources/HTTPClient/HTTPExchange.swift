// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPTransport

/// One POST over a connection of its own, on a loop: no call blocks, and nothing limits its time
/// but its owner.
public final class HTTPExchange {
    private let stream: ByteStream
    private var reader = HTTPResponseReader()
    private var done: ((Result<HTTPResponse, HTTPFailure>) -> Void)?

    /// Octets that may wait to leave.
    private static let queueBytes = 262_144

    /// Sends a document to `path` of the service at `address`, which `authority` names in Host.
    /// `done` is called once, from the loop and never from within this call; not at all after
    /// `cancel`.
    public init(
        loop: EventLoop, to address: SocketAddress, authority: String, path: String,
        contentType: String, body: [UInt8],
        done: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) throws(HTTPFailure) {
        do {
            self.stream = try ByteStream(loop: loop, kind: .tcp, queueLimit: Self.queueBytes)
        } catch {
            throw .unreachable("\(error)")
        }
        self.done = done
        self.stream.owner = self
        let head =
            "POST \(path) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: Trunkline\r\n"
            + "Accept: \(contentType)\r\nContent-Type: \(contentType)\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        do {
            try self.stream.connect(to: address, from: nil)
        } catch {
            self.stream.close()
            throw .unreachable("\(error)")
        }
        switch self.stream.write(Array(head.utf8) + body) {
        case .written, .queued: break
        case .full, .failed:
            self.stream.close()
            throw .unreachable("the request cannot be written")
        }
    }

    /// Ends it without an answer.
    public func cancel() {
        self.done = nil
        self.stream.close()
    }

    private func finish(_ result: Result<HTTPResponse, HTTPFailure>) {
        let done = self.done
        self.cancel()
        done?(result)
    }
}

extension HTTPExchange: ByteStreamOwner {
    /// What was written leaves now.
    public func streamConnected(_ stream: any OctetStream) {}

    /// A part of the response.
    public func stream(_ stream: any OctetStream, received bytes: RawSpan) {
        do throws(HTTPFailure) {
            let octets = bytes.withUnsafeBytes { Array($0) }
            if let response = try self.reader.received(octets) { self.finish(.success(response)) }
        } catch {
            self.finish(.failure(error))
        }
    }

    /// The server sends no more.
    public func streamEnded(_ stream: any OctetStream) {
        do throws(HTTPFailure) {
            self.finish(.success(try self.reader.ended()))
        } catch {
            self.finish(.failure(error))
        }
    }

    /// The request did not leave; the stream says why.
    public func stream(_ stream: any OctetStream, lost token: UInt64) {}

    /// No connection, or a broken one.
    public func streamFailed(_ stream: any OctetStream, _ error: TransportError) {
        self.finish(.failure(.unreachable("\(error)")))
    }
}
