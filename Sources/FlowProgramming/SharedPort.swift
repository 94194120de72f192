// SPDX-License-Identifier: Apache-2.0

public import CallControl
import NetworkAddress

/// Which realms share ports among legs, and how far.
public struct PortSharing: Sendable, Hashable {
    /// Realms with one-port mode.
    public var realms: Set<RealmIndex>
    /// Legs of each worker that can be on shared ports at a time: what the fast path's table holds.
    public var legsPerWorker: Int
    /// From its parts.
    public init(realms: Set<RealmIndex>, legsPerWorker: Int) {
        self.realms = realms
        self.legsPerWorker = legsPerWorker
    }

    /// No realm: each leg has a port of its own.
    public static let off = PortSharing(realms: [], legsPerWorker: 0)
}

/// One port that several legs have. It knows them by their shares, and by the endpoints that their
/// parties send from, each of which is one leg's alone. An endpoint that a leg gave up rests before
/// another one may claim it: late packets of an old call must not enter a new one. The port itself
/// need not rest.
struct SharedPort {
    /// Parties' endpoints, at most two a leg.
    private struct Endpoints {
        var rtp: SocketAddress?
        var rtcp: SocketAddress?

        var all: [SocketAddress] { [self.rtp, self.rtcp].compactMap(\.self) }
    }

    /// Most endpoints that rest at a time; above it the oldest are forgotten.
    static let restingMax = 16_384

    /// Its realm shares it now; else it is an ordinary one as soon as its last leg is gone.
    var isOffered = false
    /// Until when one leg had it alone, while it was an ordinary port.
    var aloneUntilNs: UInt64?

    private var legs: [UInt32: Endpoints] = [:]
    private var owners: [SocketAddress: UInt32] = [:]
    private var resting: [SocketAddress: UInt64] = [:]
    private var order = Queue<(endpoint: SocketAddress, sinceNs: UInt64)>()

    var count: Int { self.legs.count }
    var isEmpty: Bool { self.legs.isEmpty }
    /// How many endpoints rest, or did not long ago.
    var restingCount: Int { self.order.count }

    func has(_ share: UInt32) -> Bool { self.legs[share] != nil }

    /// True if a party with this mark can be told apart from all that are there.
    func admits(_ mark: PartyMark, nowNs: UInt64, restNs: UInt64) -> Bool {
        switch mark {
        case .nothing: return false
        case .ice: return true
        case .address(let rtp, let rtcp):
            return [rtp, rtcp].compactMap(\.self).allSatisfy { endpoint in
                guard self.owners[endpoint] == nil else { return false }
                guard let sinceNs = self.resting[endpoint] else { return true }
                return nowNs &- min(sinceNs, nowNs) >= restNs
            }
        }
    }

    /// Takes a leg in; its mark was admitted, or is one of before a restart.
    mutating func add(_ share: UInt32, _ mark: PartyMark) {
        self.legs[share] = Endpoints()
        self.claim(mark, share)
    }

    /// A leg's party is at other endpoints from now on. One that another leg has stays that one's:
    /// the fast path will refuse it.
    mutating func change(_ share: UInt32, _ mark: PartyMark, nowNs: UInt64, restNs: UInt64) {
        guard let former = self.legs[share] else { return }
        let wanted: [SocketAddress] =
            if case .address(let rtp, let rtcp) = mark { [rtp, rtcp].compactMap(\.self) } else {
                []
            }
        guard former.all != wanted else { return }
        for endpoint in former.all { self.owners[endpoint] = nil }
        self.legs[share] = Endpoints()
        self.claim(mark, share)
        for endpoint in former.all where !wanted.contains(endpoint) {
            self.rest(endpoint, sinceNs: nowNs, nowNs: nowNs, restNs: restNs)
        }
    }

    /// A leg is over; false if there is none of this share.
    mutating func remove(_ share: UInt32, nowNs: UInt64, restNs: UInt64) -> Bool {
        guard let endpoints = self.legs.removeValue(forKey: share) else { return false }
        for endpoint in endpoints.all {
            self.owners[endpoint] = nil
            self.rest(endpoint, sinceNs: nowNs, nowNs: nowNs, restNs: restNs)
        }
        return true
    }

    /// A leg was never used: nothing rests.
    mutating func withdraw(_ share: UInt32) {
        for endpoint in self.legs.removeValue(forKey: share)?.all ?? [] {
            self.owners[endpoint] = nil
        }
    }

    /// Somebody sent from there until then. Not one that a leg has.
    mutating func rest(
        _ endpoint: SocketAddress, sinceNs: UInt64, nowNs: UInt64, restNs: UInt64
    ) {
        while let oldest = self.order.first {
            let isOver = nowNs &- min(oldest.sinceNs, nowNs) >= restNs
            guard isOver || self.order.count >= Self.restingMax else { break }
            self.order.removeFirst()
            if self.resting[oldest.endpoint] == oldest.sinceNs {
                self.resting[oldest.endpoint] = nil
            }
        }
        guard self.owners[endpoint] == nil else { return }
        self.resting[endpoint] = sinceNs
        self.order.append((endpoint, sinceNs))
    }

    private mutating func claim(_ mark: PartyMark, _ share: UInt32) {
        guard case .address(let rtp, let rtcp) = mark else { return }
        var endpoints = Endpoints()
        if self.own(rtp, share) { endpoints.rtp = rtp }
        if let rtcp, rtcp != rtp, self.own(rtcp, share) { endpoints.rtcp = rtcp }
        self.legs[share] = endpoints
    }

    private mutating func own(_ endpoint: SocketAddress, _ share: UInt32) -> Bool {
        guard self.owners[endpoint] == nil else { return false }
        self.owners[endpoint] = share
        return true
    }
}
