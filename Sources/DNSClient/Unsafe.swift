// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module where Swift's checks are switched off: c-ares hands back untyped
// pointers to what it was given.
//
// RULES. A question's box is retained when it is put and released by its callback, which c-ares
// calls exactly once, at the latest from `ares_destroy`. The channel's pointer to its owner is not
// retained: the owner destroys the channel before it goes. Bytes of an answer are copied before
// the callback returns.

internal import CCares
internal import Glibc
internal import NetworkAddress
internal import SIPLocation

/// A channel of c-ares without sockets of ours: it says which of its sockets to wait for, and is
/// told when one of them is ready.
final class AresChannel {
    /// How a question ended.
    enum End {
        case answer([UInt8])
        /// The answer says so, but was not handed over.
        case nothing
        case failure(DNSFailure)
    }

    private final class Question {
        let ended: (End) -> Void
        init(_ ended: @escaping (End) -> Void) { self.ended = ended }
    }

    private var channel: ares_channel?
    private let socketChanged: (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    private let forbiddenPorts: [ClosedRange<UInt16>]

    /// Once for the process; the library counts its users.
    private static let library = ares_library_init(ARES_LIB_INIT_ALL)

    /// Nil where c-ares cannot be set up, or a server is no address. Without servers the system's
    /// (`/etc/resolv.conf`) are asked.
    init?(
        servers: [String], timeoutMilliseconds: Int, attempts: Int,
        forbiddenPorts: [ClosedRange<UInt16>],
        socketChanged: @escaping (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    ) {
        self.socketChanged = socketChanged
        self.forbiddenPorts = forbiddenPorts
        guard Self.library == ARES_SUCCESS else { return nil }
        var options = ares_options()
        options.flags = ARES_FLAG_NOSEARCH
        options.timeout = Int32(clamping: timeoutMilliseconds)
        options.tries = Int32(clamping: attempts)
        options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        options.sock_state_cb = { owner, descriptor, read, write in
            guard let owner else { return }
            let channel = Unmanaged<AresChannel>.fromOpaque(owner).takeUnretainedValue()
            channel.socketChanged(descriptor, read != 0, write != 0)
        }
        let mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB
        var channel: ares_channel?
        guard ares_init_options(&channel, &options, mask) == ARES_SUCCESS else { return nil }
        self.channel = channel
        if !forbiddenPorts.isEmpty {
            ares_set_socket_configure_callback(
                channel,
                { descriptor, _, owner in
                    guard let owner else { return 0 }
                    Unmanaged<AresChannel>.fromOpaque(owner).takeUnretainedValue()
                        .bind(descriptor)
                    return 0
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        if !servers.isEmpty {
            let list = servers.joined(separator: ",")
            guard ares_set_servers_ports_csv(channel, list) == ARES_SUCCESS else {
                self.destroy()
                return nil
            }
        }
    }

    deinit { self.destroy() }

    /// Gives a new socket a random port that is allowed. Where that cannot be done the kernel's
    /// choice has to do.
    private func bind(_ descriptor: Int32) {
        var family: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 else { return }
        for _ in 0..<Self.bindAttempts {
            let port = UInt16.random(in: 1024...UInt16.max)
            guard !self.forbiddenPorts.contains(where: { $0.contains(port) }) else { continue }
            if Self.bind(descriptor, family, port.bigEndian) == 0 { return }
        }
    }

    /// Nearly all ports may be forbidden, and others be in use.
    private static let bindAttempts = 100

    private static func bind(_ descriptor: Int32, _ family: Int32, _ port: UInt16) -> Int32 {
        guard family == AF_INET6 else {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port
            return withUnsafeBytes(of: &place) { self.bind(descriptor, $0) }
        }
        var place = sockaddr_in6()
        place.sin6_family = sa_family_t(AF_INET6)
        place.sin6_port = port
        return withUnsafeBytes(of: &place) { self.bind(descriptor, $0) }
    }

    private static func bind(_ descriptor: Int32, _ place: UnsafeRawBufferPointer) -> Int32 {
        guard let address = place.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
            return -1
        }
        return Glibc.bind(descriptor, address, socklen_t(place.count))
    }

    /// Every question that is open ends now.
    func destroy() {
        guard let channel else { return }
        self.channel = nil
        ares_destroy(channel)
    }

    /// Puts a question; `ended` is called once, perhaps from within this call.
    func ask(_ question: DNSQuestion, _ ended: @escaping (End) -> Void) {
        guard let channel else { return ended(.failure(.unreachable)) }
        let box = Unmanaged.passRetained(Question(ended)).toOpaque()
        ares_query(
            channel, question.name.description, Self.classIN, Int32(question.type.rawValue),
            { box, status, _, bytes, count in
                guard let box else { return }
                let question = Unmanaged<Question>.fromOpaque(box).takeRetainedValue()
                let answer = bytes.map {
                    Array(UnsafeBufferPointer(start: $0, count: Int(max(count, 0))))
                }
                question.ended(AresChannel.end(status, answer))
            }, box)
    }

    private static let classIN: Int32 = 1

    private static func end(_ status: Int32, _ answer: [UInt8]?) -> End {
        switch status {
        case ARES_SUCCESS.value, ARES_ENODATA.value, ARES_ENOTFOUND.value:
            answer.map { .answer($0) } ?? .nothing
        case ARES_ETIMEOUT.value: .failure(.timeout)
        case ARES_ESERVFAIL.value, ARES_ENOTIMP.value, ARES_EREFUSED.value, ARES_EFORMERR.value,
            ARES_ECONNREFUSED.value:
            // c-ares 1.18 reports a refusal as a connection that was refused.
            .failure(.refused)
        case ARES_EBADRESP.value: .failure(.malformed)
        default: .failure(.unreachable)
        }
    }

    /// A socket is ready; neither: time has passed.
    func process(readable: Int32?, writable: Int32?) {
        guard let channel else { return }
        ares_process_fd(channel, readable ?? ARES_SOCKET_BAD, writable ?? ARES_SOCKET_BAD)
    }

    /// When `process` is due at the latest, ms from now; nil without open questions.
    var timeoutMilliseconds: UInt64? {
        guard let channel else { return nil }
        var time = timeval()
        guard ares_timeout(channel, nil, &time) != nil else { return nil }
        return UInt64(max(time.tv_sec, 0)) * 1000 + UInt64(max(time.tv_usec, 0)) / 1000
    }

    /// What the system's file of hosts says of a name.
    func hosts(_ name: DomainName, isIPv4: Bool) -> [IPAddress] {
        guard let channel else { return [] }
        var host: UnsafeMutablePointer<hostent>?
        let family = isIPv4 ? AF_INET : AF_INET6
        guard ares_gethostbyname_file(channel, name.description, family, &host) == ARES_SUCCESS
        else { return [] }
        defer { ares_free_hostent(host) }
        var addresses: [IPAddress] = []
        guard let host, var place = host.pointee.h_addr_list else { return [] }
        while let bytes = place.pointee, addresses.count < Self.hostsMax {
            let memory = UnsafeRawBufferPointer(start: bytes, count: isIPv4 ? 4 : 16)
            if let address = IPAddress(networkBytes: Array(memory)) { addresses.append(address) }
            place += 1
        }
        return addresses
    }

    private static let hostsMax = 32
}

extension FixedWidthInteger {
    /// Constants of a header come as one type or another.
    fileprivate var value: Int32 { Int32(truncatingIfNeeded: self) }
}
