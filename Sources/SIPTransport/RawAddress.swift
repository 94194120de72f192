// SPDX-License-Identifier: Apache-2.0
// Addresses as the operating system wants them.

internal import CUV
internal import Glibc
internal import NetworkAddress

extension SocketAddress {
    /// Calls `body` with the address as a `sockaddr`.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        if self.address.isIPv4 {
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = self.port.bigEndian
            raw.sin_addr.s_addr = self.address.ipv4.bigEndian
            return withUnsafePointer(to: &raw) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
            }
        }
        var raw = sockaddr_in6()
        raw.sin6_family = sa_family_t(AF_INET6)
        raw.sin6_port = self.port.bigEndian
        withUnsafeMutableBytes(of: &raw.sin6_addr) { $0.copyBytes(from: self.address.networkBytes) }
        return withUnsafePointer(to: &raw) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }

    /// From what the operating system filled in; nil for another family.
    init?(sockaddr raw: UnsafePointer<sockaddr>?) {
        guard let raw else { return nil }
        switch Int32(raw.pointee.sa_family) {
        case AF_INET:
            let address = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in.self)
            self.init(
                address: IPAddress(ipv4: UInt32(bigEndian: address.sin_addr.s_addr)),
                port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = UnsafeRawPointer(raw).loadUnaligned(as: sockaddr_in6.self)
            let bytes = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
            guard let parsed = IPAddress(networkBytes: bytes) else { return nil }
            self.init(address: parsed, port: UInt16(bigEndian: address.sin6_port))
        default:
            return nil
        }
    }

    /// Asks a socket for one of its addresses, with `uv_tcp_getpeername` and its like.
    static func ask(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = Int32(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                call(raw, &size) == 0 ? SocketAddress(sockaddr: raw) : nil
            }
        }
    }
}
