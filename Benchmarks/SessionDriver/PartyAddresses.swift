// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// Where the parties of calls are: ports from 10,000 upward, even (RTCP is one above), address
/// after address.
public struct PartyAddresses {
    /// First port of each address.
    public static let firstPort: UInt16 = 10_000
    /// Ports of one address.
    public static let portsOfAddress = (Int(UInt16.max) - 1 - Int(Self.firstPort)) / 2 + 1

    private let addresses: [IPAddress]
    private var taken = 0

    /// Of these addresses, in order.
    public init(_ addresses: [IPAddress]) { self.addresses = addresses }

    /// The address that the next party has; nil when all ports are taken.
    public mutating func next() -> SocketAddress? {
        let place = self.taken / Self.portsOfAddress
        guard place < self.addresses.count else { return nil }
        let port = Int(Self.firstPort) + 2 * (self.taken % Self.portsOfAddress)
        self.taken += 1
        return SocketAddress(address: self.addresses[place], port: UInt16(port))
    }
}
