// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress
internal import SIPTransaction

/// What happens at one socket for datagrams when strangers flood it: after so many of theirs the
/// kernel keeps them out for a while, so that they take neither the room in the socket's buffer nor
/// the time that those of the trunks need.
struct Shutter {
    private static let windowMilliseconds: UInt64 = 100

    /// The kernel keeps strangers out.
    var isShut = false
    /// What it was told of the sources.
    var version: UInt64 = 0
    var filter: SourceFilter?
    /// What the kernel had dropped when it was last asked.
    var dropsSeen: UInt32 = 0
    private var windowStart: UInt64 = 0
    private var count = 0

    /// Counts a datagram of a stranger; true when they are a flood.
    mutating func counts(now: UInt64, limit: Int) -> Bool {
        if now &- self.windowStart >= Self.windowMilliseconds {
            self.windowStart = now
            self.count = 0
        }
        self.count += 1
        return self.count >= limit
    }
}

extension TransportSet {
    /// Sockets that strangers are kept out of.
    public var shutSockets: Int { self.shutters.values.count { $0.isShut } }

    /// A datagram was not admitted.
    func refused(_ hop: Hop, at socket: UDPSocket) {
        let index = hop.listener
        var shutter = self.shutters[index] ?? Shutter()
        guard !shutter.isShut, !self.owner.isKnown(hop) else { return }
        let isFlood = shutter.counts(now: self.loop.now, limit: self.limits.strangersPerTenth)
        self.shutters[index] = shutter
        guard isFlood else { return }
        self.countKernelDrops()
        guard self.shut(index, socket) else { return }
        self.counters.shutOuts &+= 1
        self.loop.schedule(after: self.limits.shutMilliseconds) { [weak self] in
            self?.open(index)
        }
    }

    private func shut(_ index: ListenerIndex, _ socket: UDPSocket) -> Bool {
        let version = self.owner.sourcesVersion
        let isIPv4 = socket.localAddress?.address.isIPv4 ?? true
        let filter = SourceFilter(sources: self.owner.sources(at: index), isIPv4: isIPv4)
        var shutter = self.shutters[index] ?? Shutter()
        guard filter == shutter.filter || socket.attach(filter) else { return false }
        shutter.isShut = true
        shutter.version = version
        shutter.filter = filter
        self.shutters[index] = shutter
        return true
    }

    private func open(_ index: ListenerIndex) {
        guard case .datagrams(let socket) = self.listeners[index],
            self.shutters[index]?.isShut == true
        else { return }
        self.countKernelDrops()
        socket.detachFilter()
        self.shutters[index]?.isShut = false
        self.shutters[index]?.filter = nil
    }

    /// Tells the kernel of sources that are new: to be called before anything is sent that they may
    /// answer to.
    public func followSources() {
        for (index, shutter) in self.shutters
        where shutter.isShut && shutter.version != self.owner.sourcesVersion {
            guard case .datagrams(let socket) = self.listeners[index] else { continue }
            // With the old filter a new source would be a stranger.
            if !self.shut(index, socket) { self.open(index) }
        }
    }

    /// Adds what the kernel has dropped since the last time to the counters.
    public func countKernelDrops() {
        for case (let index, .datagrams(let socket)) in self.listeners {
            let now = socket.kernelDrops
            var shutter = self.shutters[index] ?? Shutter()
            let dropped = UInt64(now &- shutter.dropsSeen)
            if shutter.isShut {
                self.counters.droppedWhileShut &+= dropped
            } else {
                self.counters.droppedForRoom &+= dropped
            }
            shutter.dropsSeen = now
            self.shutters[index] = shutter
        }
    }
}
