// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc
public import NetworkAddress

/// A listening TCP or Unix socket.
public final class ByteListener {
    /// Where it listens; with the port that the system chose if zero was asked for.
    public private(set) var localAddress: SocketAddress?

    private let loop: EventLoop
    private let kind: ByteStream.Kind
    private let queueLimit: Int
    private let accepted: (ByteStream) -> Void
    private var handle: RawHandle?

    private static let backlog: Int32 = 1024

    /// Listens for TCP connections. `accepted` gets each one, not reading yet.
    public init(
        loop: EventLoop, address: SocketAddress, queueLimit: Int,
        accepted: @escaping (ByteStream) -> Void
    ) throws(TransportError) {
        self.loop = loop
        self.kind = .tcp
        self.queueLimit = queueLimit
        self.accepted = accepted
        let raw = loop.raw
        let tcp = Handle.open(uv_tcp_t.self, owner: self) { uv_tcp_init(raw, $0) }
        guard let tcp else { throw TransportError("listen", code: UV_ENOMEM.rawValue) }
        self.handle = Handle.raw(tcp)
        let flags = address.address.isIPv4 ? 0 : UV_TCP_IPV6ONLY.rawValue
        let status = address.withSockaddr { uv_tcp_bind(tcp, $0, flags) }
        try self.listen(after: status, "listen tcp \(address)")
        self.localAddress = SocketAddress.ask { uv_tcp_getsockname(tcp, $0, $1) }
    }

    /// Listens on a Unix socket that its owner and group may use. A socket that nobody listens at
    /// is replaced.
    public init(
        loop: EventLoop, path: String, queueLimit: Int, accepted: @escaping (ByteStream) -> Void
    ) throws(TransportError) {
        self.loop = loop
        self.kind = .local
        self.queueLimit = queueLimit
        self.accepted = accepted
        let raw = loop.raw
        let pipe = Handle.open(uv_pipe_t.self, owner: self) { uv_pipe_init(raw, $0, 0) }
        guard let pipe else { throw TransportError("listen", code: UV_ENOMEM.rawValue) }
        self.handle = Handle.raw(pipe)
        guard path.utf8.count < 108 else {
            self.close()
            throw TransportError("listen \(path)", code: UV_ENAMETOOLONG.rawValue)
        }
        let mask = umask(0o117)
        var status = uv_pipe_bind(pipe, path)
        if status == UV_EADDRINUSE.rawValue, Self.isAbandoned(path) {
            unlink(path)
            status = uv_pipe_bind(pipe, path)
        }
        umask(mask)
        try self.listen(after: status, "listen \(path)")
    }

    /// True for a socket file that a process left behind: connecting is refused.
    private static func isAbandoned(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status != 0 && errno == ECONNREFUSED
    }

    private func listen(after bound: Int32, _ operation: String) throws(TransportError) {
        guard let handle else { return }
        let status = bound == 0
            ? uv_listen(Handle.stream(handle), Self.backlog, Self.onConnection) : bound
        if let error = TransportError.check(status, operation) {
            self.close()
            throw error
        }
    }

    private static let onConnection: uv_connection_cb = { handle, status in
        guard status == 0, let handle,
            let listener = Handle.owner(of: handle, ByteListener.self), listener.handle != nil,
            let stream = try? ByteStream(
                loop: listener.loop, kind: listener.kind, queueLimit: listener.queueLimit)
        else { return }
        do {
            try stream.accept(from: handle)
            listener.accepted(stream)
        } catch {
            stream.close()
        }
    }

    /// Stops listening; accepted connections stay.
    public func close() {
        guard let handle, !self.loop.isClosed else { return }
        self.handle = nil
        Handle.close(handle)
    }
}
