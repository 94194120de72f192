// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowProgramming
import MediaPlanning
import NetworkAddress
import Routing
import SDP
import SIPTransaction

/// What the configuration file says, in the words of the modules that do it.
enum Settings {
    /// For the engine. Positions of listeners and realms are their indexes; `fingerprint` is that
    /// of our DTLS certificate.
    static func calls(
        _ file: NodeConfiguration, _ limit: CallLimit, fingerprint: Fingerprint?
    ) throws(NodeError) -> CallConfiguration {
        let listeners = file.listeners.enumerated().map { position, listener in
            ListenerSettings(
                index: self.index(position), transport: self.transport(listener.transport),
                address: listener.address)
        }
        var trunks: [TrunkSettings] = []
        for trunk in file.trunks { trunks.append(try self.trunk(trunk, file)) }
        var configuration = CallConfiguration(
            listeners: listeners, trunks: trunks, routes: try self.routes(file),
            callsMax: limit.calls)
        configuration.fingerprint = fingerprint
        return configuration
    }

    private static func routes(_ file: NodeConfiguration) throws(NodeError) -> RouteTable {
        let routes = file.routes.map { route in
            Route(
                prefix: route.prefix.utf8,
                from: route.from.map { TrunkIndex(UInt16(clamping: $0)) },
                to: TrunkIndex(UInt16(clamping: route.to)))
        }
        do {
            return try RouteTable(routes)
        } catch {
            throw NodeError("routes: \(error)")
        }
    }

    private static func trunk(
        _ trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) throws(NodeError) -> TrunkSettings {
        let host = trunk.peer.address.address
        var settings = TrunkSettings(
            name: TrunkName(trunk.name), realm: RealmIndex(UInt16(clamping: trunk.realm)),
            peerHost: Array((host.isIPv4 ? "\(host)" : "[\(host)]").utf8),
            peer: Hop(
                listener: self.index(trunk.listener),
                transport: self.transport(trunk.peer.transport), remote: trunk.peer.address))
        settings.sources = trunk.sources
        settings.listeners = self.listeners(of: trunk, file)
        if let names = trunk.codecs {
            guard let codecs = CodecFilter(names: names) else {
                throw NodeError("trunk \(trunk.name): codecs are name[/clock[/channels]]")
            }
            settings.codecs = codecs
        }
        settings.learnSource = trunk.learnSource
        settings.callsMax = trunk.maxCalls
        settings.security = trunk.security
        settings.transfer = TransferPolicy(trunk.transfer)
        return settings
    }

    /// A peer may come by UDP or by TCP: every listener on the address of the trunk's own.
    private static func listeners(
        of trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> [ListenerIndex] {
        let address = file.listeners[trunk.listener].address.address
        let others = file.listeners.indices.filter {
            $0 != trunk.listener && file.listeners[$0].address.address == address
        }
        return ([trunk.listener] + others).map(self.index)
    }

    /// For the flows of every call.
    static func media(_ file: NodeConfiguration) -> MediaSettings {
        MediaSettings(
            timeoutMs: UInt32(clamping: file.media.timeoutSeconds * 1000),
            rtcpIntervalMs: UInt32(clamping: file.media.rtcpIntervalMilliseconds))
    }

    /// For the ports of every call. The fast path's table is as long as its flows are many.
    static func sharing(_ file: NodeConfiguration) -> PortSharing {
        let realms = file.realms.indices.filter { file.realms[$0].onePort }
        return PortSharing(
            realms: Set(realms.map { RealmIndex(UInt16(clamping: $0)) }),
            legsPerWorker: file.fastPath.flowsPerWorker)
    }

    static func index(_ position: Int) -> ListenerIndex {
        ListenerIndex(rawValue: UInt16(clamping: position))
    }

    static func transport(_ transport: NodeConfiguration.Transport) -> TransportProtocol {
        switch transport {
        case .udp: .udp
        case .tcp: .tcp
        }
    }
}
