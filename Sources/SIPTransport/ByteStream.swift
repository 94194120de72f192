// SPDX-License-Identifier: Apache-2.0

internal import CUV
public import NetworkAddress

/// What happens to a byte stream. Called on the loop's thread, never from within a call to the
/// stream.
public protocol ByteStreamOwner: AnyObject {
    /// A connection that was asked for stands, or over TLS: the handshake has ended well.
    func streamConnected(_ stream: any OctetStream)
    /// Bytes came; they are valid within this call only.
    func stream(_ stream: any OctetStream, received bytes: RawSpan)
    /// The peer will send no more; it may still listen.
    func streamEnded(_ stream: any OctetStream)
    /// A queued write with this token did not reach the system, because the stream failed or was
    /// closed.
    func stream(_ stream: any OctetStream, lost token: UInt64)
    /// The stream is broken, or could not be connected. The owner closes it.
    func streamFailed(_ stream: any OctetStream, _ error: TransportError)
}

/// What carries the bytes of a connection: TCP or a Unix socket as it is, or TLS over TCP.
public protocol OctetStream: AnyObject {
    /// Told what happens; released when the stream is closed.
    var owner: (any ByteStreamOwner)? { get set }
    /// Begins to report what the peer sends.
    func startReading()
    /// Writes bytes, or queues what cannot leave at once. `token` names them in `lost`.
    func write(_ bytes: [UInt8], token: UInt64) -> ByteStream.WriteResult
    /// Says to the peer, once the queue is empty, that nothing more comes.
    func finish()
    /// Closes; writes that still wait are reported as lost, nothing else is.
    func close()
}

/// A TCP or local (Unix) connection as a stream of bytes, with a bounded queue of what the system
/// did not take at once.
public final class ByteStream: OctetStream {
    /// What carries the bytes.
    public enum Kind: Sendable {
        /// TCP over IPv4 or IPv6.
        case tcp
        /// A Unix socket.
        case local
    }

    /// What became of a write.
    public enum WriteResult: Equatable {
        /// The system took all of it.
        case written
        /// It waits; `lost` is called if it never leaves.
        case queued
        /// The queue is at its limit; nothing was taken.
        case full
        /// The stream is broken or closed; nothing was taken.
        case failed(TransportError)
    }

    /// Told what happens; released when the stream is closed.
    public var owner: (any ByteStreamOwner)?
    /// Bytes that may wait in the queue.
    public let queueLimit: Int

    private let loop: EventLoop
    private let kind: Kind
    private var handle: RawHandle?

    /// A stream that is not connected yet.
    public init(loop: EventLoop, kind: Kind, queueLimit: Int) throws(TransportError) {
        self.loop = loop
        self.kind = kind
        self.queueLimit = queueLimit
        guard !loop.isClosed else { throw TransportError("stream", code: UV_ECANCELED.rawValue) }
        let raw = loop.raw
        switch kind {
        case .tcp:
            self.handle = Handle.open(uv_tcp_t.self, owner: self) { uv_tcp_init(raw, $0) }
                .map { Handle.raw($0) }
        case .local:
            self.handle = Handle.open(uv_pipe_t.self, owner: self) { uv_pipe_init(raw, $0, 0) }
                .map { Handle.raw($0) }
        }
        guard self.handle != nil else {
            throw TransportError("stream", code: UV_ENOMEM.rawValue)
        }
    }

    /// The handle while it may be used.
    var live: RawHandle? { self.loop.isClosed ? nil : self.handle }

    /// Bytes that wait for the system.
    public var queuedBytes: Int {
        self.live.map { uv_stream_get_write_queue_size(Handle.stream($0)) } ?? 0
    }

    /// The other end of a TCP connection.
    public var remoteAddress: SocketAddress? {
        guard let live, self.kind == .tcp else { return nil }
        let tcp = Handle.cast(live, to: uv_tcp_t.self)
        return SocketAddress.ask { uv_tcp_getpeername(tcp, $0, $1) }
    }

    /// Our end of a TCP connection.
    public var localAddress: SocketAddress? {
        guard let live, self.kind == .tcp else { return nil }
        let tcp = Handle.cast(live, to: uv_tcp_t.self)
        return SocketAddress.ask { uv_tcp_getsockname(tcp, $0, $1) }
    }

    /// Connects over TCP, from `source` with a port of the system's choice where it is given.
    /// What is written meanwhile waits.
    public func connect(
        to remote: SocketAddress, from source: IPAddress?
    ) throws(TransportError) {
        guard let live, self.kind == .tcp else {
            throw TransportError("connect \(remote)", code: UV_EINVAL.rawValue)
        }
        let tcp = Handle.cast(live, to: uv_tcp_t.self)
        if let source, !source.isUnspecified {
            let status = SocketAddress(address: source, port: 0)
                .withSockaddr { uv_tcp_bind(tcp, $0, 0) }
            if let error = TransportError.check(status, "bind \(source)") { throw error }
        }
        let (request, _) = SendRequest.make(
            uv_connect_t.self, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        let status = remote.withSockaddr { uv_tcp_connect(request, tcp, $0, Self.onConnect) }
        if let error = TransportError.check(status, "connect \(remote)") {
            SendRequest.free(request)
            throw error
        }
    }

    private static let onConnect: uv_connect_cb = { request, status in
        guard let request else { return }
        let stream = Handle.owner(of: request.pointee.handle, ByteStream.self)
        SendRequest.free(request)
        guard let stream, let owner = stream.owner, stream.live != nil else { return }
        if let error = TransportError.check(status, "connect") {
            owner.streamFailed(stream, error)
        } else {
            stream.configure()
            stream.startReading()
            owner.streamConnected(stream)
        }
    }

    /// Takes the connection that waits at a listener.
    func accept(from listener: UnsafeMutablePointer<uv_stream_t>) throws(TransportError) {
        guard let live else { throw TransportError("accept", code: UV_ECANCELED.rawValue) }
        let status = uv_accept(listener, Handle.stream(live))
        if let error = TransportError.check(status, "accept") { throw error }
        self.configure()
    }

    /// SIP messages are whole when they are written: nothing to gather by waiting.
    private func configure() {
        guard let live, self.kind == .tcp else { return }
        uv_tcp_nodelay(Handle.cast(live, to: uv_tcp_t.self), 1)
    }

    /// Begins to report what the peer sends.
    public func startReading() {
        guard let live else { return }
        uv_read_start(Handle.stream(live), Self.onAllocate, Self.onRead)
    }

    /// Stops reporting; the peer is slowed down by its own full window.
    public func stopReading() {
        guard let live else { return }
        uv_read_stop(Handle.stream(live))
    }

    private static let onAllocate: uv_alloc_cb = { handle, _, buffer in
        guard let stream = Handle.owner(of: handle, ByteStream.self) else { return }
        let memory = stream.loop.readBuffer
        buffer?.pointee = SendRequest.view(UnsafeRawBufferPointer(rebasing: memory.prefix(65536)))
    }

    private static let onRead: uv_read_cb = { handle, count, _ in
        guard let stream = Handle.owner(of: handle, ByteStream.self) else { return }
        guard let owner = stream.owner, stream.live != nil, count != 0 else { return }
        if count > 0 {
            let bytes = UnsafeRawBufferPointer(rebasing: stream.loop.readBuffer.prefix(count))
            owner.stream(stream, received: bytes.bytes)
        } else if count == Int(UV_EOF.rawValue) {
            stream.stopReading()
            owner.streamEnded(stream)
        } else {
            stream.stopReading()
            owner.streamFailed(stream, TransportError("read", code: Int32(count)))
        }
    }

    /// Writes bytes, or queues what the system does not take at once. `token` names them in `lost`.
    public func write(_ bytes: [UInt8], token: UInt64 = 0) -> WriteResult {
        guard let live else {
            return .failed(TransportError("write", code: UV_ECANCELED.rawValue))
        }
        return bytes.withUnsafeBytes { self.write($0, token: token, to: Handle.stream(live)) }
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, token: UInt64, to stream: UnsafeMutablePointer<uv_stream_t>
    ) -> WriteResult {
        let queued = uv_stream_get_write_queue_size(stream)
        guard bytes.count <= self.queueLimit - min(queued, self.queueLimit) else { return .full }
        var view = SendRequest.view(bytes)
        let taken = uv_try_write(stream, &view, 1)
        if taken == Int32(bytes.count) { return .written }
        if taken < 0, taken != UV_EAGAIN.rawValue {
            return .failed(TransportError("write", code: taken))
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(max(0, Int(taken))))
        var (request, buffer) = SendRequest.make(uv_write_t.self, bytes: rest)
        request.pointee.data = UnsafeMutableRawPointer(bitPattern: UInt(token))
        let status = uv_write(request, stream, &buffer, 1, Self.onWritten)
        if let error = TransportError.check(status, "write") {
            SendRequest.free(request)
            return .failed(error)
        }
        self.waitingWrites += 1
        return .queued
    }

    private static let onWritten: uv_write_cb = { request, status in
        guard let request else { return }
        let token = UInt64(UInt(bitPattern: request.pointee.data))
        let stream = Handle.owner(of: request.pointee.handle, ByteStream.self)
        SendRequest.free(request)
        guard let stream else { return }
        stream.waitingWrites -= 1
        guard status < 0, let owner = stream.owner ?? stream.lastOwner else { return }
        if stream.waitingWrites == 0 { stream.lastOwner = nil }
        owner.stream(stream, lost: token)
        if status != UV_ECANCELED.rawValue, stream.live != nil {
            owner.streamFailed(stream, TransportError("write", code: status))
        }
    }

    /// Says to the peer, once the queue is empty, that nothing more comes.
    public func finish() {
        guard let live else { return }
        let (request, _) = SendRequest.make(
            uv_shutdown_t.self, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        let status = uv_shutdown(request, Handle.stream(live)) { request, _ in
            if let request { SendRequest.free(request) }
        }
        if status < 0 { SendRequest.free(request) }
    }

    /// Hears of writes that were lost by closing.
    private var lastOwner: (any ByteStreamOwner)?
    private(set) var waitingWrites = 0

    /// Closes; writes that still wait are reported as lost, nothing else is.
    public func close() {
        guard let live else { return }
        self.lastOwner = self.waitingWrites > 0 ? self.owner : nil
        self.owner = nil
        self.handle = nil
        Handle.close(live)
    }
}
