// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc
internal import NetworkAddress

/// What happens at a UDP socket. Called on the loop's thread.
protocol UDPSocketOwner: AnyObject {
    /// A datagram; its bytes are valid within this call only.
    func socket(_ socket: UDPSocket, received bytes: RawSpan, from remote: SocketAddress)
    /// The network says that a datagram to this address cannot arrive (ICMP or ICMPv6, a hard
    /// error of RFC 3261 section 18.4).
    func socket(_ socket: UDPSocket, unreachable remote: SocketAddress, _ error: TransportError)
}

/// A bound UDP socket. libuv takes at most 32 datagrams (16 in one system call) before other
/// sockets have their turn.
final class UDPSocket {
    /// Counters of one socket.
    struct Counters: Sendable, Equatable {
        /// Datagrams received.
        var received: UInt64 = 0
        /// Datagrams that the system took.
        var sent: UInt64 = 0
        /// Datagrams that the system refused.
        var refused: UInt64 = 0
        /// Datagrams that were cut short because they are larger than any buffer.
        var truncated: UInt64 = 0
    }

    /// Told what happens; released by `close`.
    var owner: (any UDPSocketOwner)?
    /// Where it is bound; with the port that the system chose if zero was asked for.
    private(set) var localAddress: SocketAddress?
    /// What was counted so far.
    private(set) var counters = Counters()

    private let loop: EventLoop
    private var handle: UnsafeMutablePointer<uv_udp_t>?

    private static let kernelBufferBytes: Int32 = 4 << 20

    /// Binds and begins to receive.
    init(loop: EventLoop, address: SocketAddress) throws(TransportError) {
        self.loop = loop
        let raw = loop.raw
        let family = UInt32(address.address.isIPv4 ? AF_INET : AF_INET6)
        let udp = Handle.open(uv_udp_t.self, owner: self) {
            uv_udp_init_ex(raw, $0, family | UInt32(UV_UDP_RECVMMSG.rawValue))
        }
        guard let udp else { throw TransportError("bind udp \(address)", code: UV_ENOMEM.rawValue) }
        self.handle = udp
        let only = address.address.isIPv4 ? 0 : UV_UDP_IPV6ONLY.rawValue
        var status = address.withSockaddr {
            uv_udp_bind(udp, $0, UInt32(only | UV_UDP_LINUX_RECVERR.rawValue))
        }
        if status == 0 { status = uv_udp_recv_start(udp, Self.onAllocate, Self.onReceive) }
        if let error = TransportError.check(status, "bind udp \(address)") {
            self.close()
            throw error
        }
        // A burst of call attempts must fit; the system gives less where its own limit is lower.
        var size = Self.kernelBufferBytes
        uv_recv_buffer_size(Handle.raw(udp), &size)
        self.localAddress = SocketAddress.ask { uv_udp_getsockname(udp, $0, $1) }
    }

    private var live: UnsafeMutablePointer<uv_udp_t>? { self.loop.isClosed ? nil : self.handle }

    /// The system's name of the socket, while it is open.
    var descriptor: Int32? {
        guard let live else { return nil }
        var descriptor: uv_os_fd_t = -1
        return uv_fileno(Handle.raw(live), &descriptor) == 0 ? descriptor : nil
    }

    private static let onAllocate: uv_alloc_cb = { handle, _, buffer in
        guard let socket = Handle.owner(of: handle, UDPSocket.self) else { return }
        let memory = socket.loop.readBuffer
        buffer?.pointee = SendRequest.view(UnsafeRawBufferPointer(memory))
    }

    private static let onReceive: uv_udp_recv_cb = { handle, count, buffer, address, flags in
        guard let socket = Handle.owner(of: handle, UDPSocket.self), socket.live != nil else {
            return
        }
        if count < 0 {
            socket.readErrors()
        } else if let remote = SocketAddress(sockaddr: address), let base = buffer?.pointee.base {
            socket.counters.received &+= 1
            if flags & UInt32(UV_UDP_PARTIAL.rawValue) != 0 { socket.counters.truncated &+= 1 }
            let bytes = UnsafeRawBufferPointer(start: base, count: count)
            socket.owner?.socket(socket, received: bytes.bytes, from: remote)
        }
    }

    /// Sends one datagram. An error says that the system refused it; what the network thinks of it
    /// comes later, if at all, by `unreachable`.
    func send(_ bytes: [UInt8], to remote: SocketAddress) -> TransportError? {
        guard let live else { return TransportError("send", code: UV_ECANCELED.rawValue) }
        let status = bytes.withUnsafeBytes { bytes in
            remote.withSockaddr { address in
                var view = SendRequest.view(bytes)
                // The error of an earlier datagram is reported by the next call, whatever its
                // destination: ask again, and let `readErrors` find out whose it was.
                for _ in 0..<Self.sendAttempts {
                    let status = uv_udp_try_send(live, &view, 1, address)
                    switch status {
                    case UV_ECONNREFUSED.rawValue, UV_EHOSTUNREACH.rawValue,
                        UV_ENETUNREACH.rawValue:
                        self.readErrors()
                    case UV_EAGAIN.rawValue:
                        return self.queue(bytes, to: address, live)
                    default:
                        return status
                    }
                }
                return UV_EHOSTUNREACH.rawValue
            }
        }
        if status >= 0 { self.counters.sent &+= 1 } else { self.counters.refused &+= 1 }
        return TransportError.check(status, "send \(remote)")
    }

    private static let sendAttempts = 4
    private static let queueLimit = 1 << 20

    /// The socket's buffer in the kernel is full: libuv waits for room, up to a limit.
    private func queue(
        _ bytes: UnsafeRawBufferPointer, to address: UnsafePointer<sockaddr>,
        _ live: UnsafeMutablePointer<uv_udp_t>
    ) -> Int32 {
        guard uv_udp_get_send_queue_size(live) + bytes.count <= Self.queueLimit else {
            return UV_EAGAIN.rawValue
        }
        var (request, buffer) = SendRequest.make(uv_udp_send_t.self, bytes: bytes)
        let status = uv_udp_send(request, live, &buffer, 1, address) { request, status in
            guard let request else { return }
            let socket = Handle.owner(of: request.pointee.handle, UDPSocket.self)
            SendRequest.free(request)
            if status < 0 { socket?.counters.refused &+= 1 }
        }
        if status < 0 { SendRequest.free(request) }
        return status
    }

    /// Stops receiving and sending.
    func close() {
        guard let live else { return }
        self.owner = nil
        self.handle = nil
        Handle.close(live)
    }

    // MARK: ICMP

    private static let errorsPerTurn = 64
    private static let errorQueueFlags = Int32(MSG_ERRQUEUE) | Int32(MSG_DONTWAIT)

    /// Reads the socket's queue of ICMP errors, which names the destination of the datagram that
    /// each is about, and reports hard ones at the end of the turn.
    private func readErrors() {
        guard let descriptor else { return }
        for _ in 0..<Self.errorsPerTurn {
            guard let (remote, code) = Self.readError(descriptor) else { return }
            guard let remote, Self.isHard(code) else { continue }
            self.loop.defer { [weak self] in
                guard let self, let owner = self.owner else { return }
                owner.socket(
                    self, unreachable: remote, TransportError("send \(remote)", code: -code))
            }
        }
    }

    private static func isHard(_ code: Int32) -> Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT, EHOSTDOWN].contains(code)
    }

    /// One entry of the queue: whom the datagram was for, and the errno; nil when it is empty.
    private static func readError(_ descriptor: Int32) -> (remote: SocketAddress?, code: Int32)? {
        var name = sockaddr_storage()
        var control = [UInt8](repeating: 0, count: 512)
        var used = 0
        let count = control.withUnsafeMutableBytes { control in
            withUnsafeMutableBytes(of: &name) { name in
                var message = msghdr()
                message.msg_name = name.baseAddress
                message.msg_namelen = socklen_t(name.count)
                message.msg_control = control.baseAddress
                message.msg_controllen = control.count
                let count = recvmsg(descriptor, &message, Self.errorQueueFlags)
                used = message.msg_controllen
                return count
            }
        }
        guard count >= 0 else { return nil }
        // One control message: a header of 16 bytes, then `struct sock_extended_err`, which begins
        // with the errno.
        let header = MemoryLayout<cmsghdr>.size
        guard used >= header + MemoryLayout<Int32>.size else { return (nil, 0) }
        let code = control.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: header, as: Int32.self)
        }
        let remote = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                SocketAddress(sockaddr: $0)
            }
        }
        return (remote, code)
    }
}
