// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowProgramming
import Manipulation
import MediaPlanning
import NetworkAddress
import Routing
import SDP
import SIPAuthentication
import SIPTransaction

/// What the configuration file says, in the words of the modules that do it.
enum Settings {
    /// For the engine. Positions of listeners and realms are their indexes; `fingerprint` is that
    /// of our DTLS certificate.
    static func calls(
        _ file: NodeConfiguration, _ limit: CallLimit, fingerprint: Fingerprint?
    ) throws(NodeError) -> CallConfiguration {
        let listeners = file.listeners.enumerated().map { position, listener in
            var settings = ListenerSettings(
                index: self.index(position), transport: self.transport(listener.transport),
                address: listener.address, host: listener.host.map { Array($0.utf8) })
            if listener.largeRequestsOverTCP {
                settings.twin = file.listeners.firstIndex {
                    $0.transport == .tcp && $0.address == listener.address
                }.map(self.index)
            }
            return settings
        }
        var trunks: [TrunkSettings] = []
        for trunk in file.trunks { trunks.append(try self.trunk(trunk, file)) }
        var configuration = CallConfiguration(
            listeners: listeners, trunks: trunks, routes: try self.routes(file),
            callsMax: limit.calls)
        configuration.fingerprint = fingerprint
        configuration.region = file.node.region
        configuration.overload = self.overload(file)
        configuration.unknownSource = file.limits.edge.unknownSources == .drop ? .silence : .forbid
        configuration.auditMilliseconds = UInt32(clamping: file.media.auditSeconds * 1000)
        configuration.callSecondsMax = UInt32(clamping: file.limits.callSeconds)
        return configuration
    }

    /// For the edge.
    static func rules(_ file: NodeConfiguration) -> [(name: TrunkName, rules: TrunkRules)] {
        file.trunks.map { (TrunkName($0.name), $0.rules) }
    }

    private static func routes(_ file: NodeConfiguration) throws(NodeError) -> RouteTable {
        let routes = file.routes.map { route in
            Route(
                prefix: route.prefix.utf8,
                from: route.from.map { TrunkIndex(UInt16(clamping: $0)) },
                to: TrunkIndex(UInt16(clamping: route.to)),
                others: route.others.map { TrunkIndex(UInt16(clamping: $0)) })
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
        let first = TargetList.first(of: trunk, file)
        var settings = TrunkSettings(
            name: TrunkName(trunk.name), realm: RealmIndex(UInt16(clamping: trunk.realm)),
            peerHost: first.host, peer: first.hop)
        settings.sources = trunk.sources
        settings.followsTargets = trunk.followsPeers
        settings.optionsSeconds = TargetList.optionsSeconds(of: trunk)
        settings.adopt(TargetList.targets(of: trunk, file, located: [:]))
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
        settings.search = self.search(trunk.failover)
        self.adopt(trunk.limits, file, &settings)
        settings.ownHost = file.host(of: trunk).map { Array($0.utf8) }
        settings.authentication = trunk.authentication
        if trunk.authentication.demand?.realm.isEmpty == true {
            settings.authentication.demand?.realm = Array(file.node.name.utf8)
        }
        settings.registration = trunk.register.map { register in
            RegistrationSettings(
                user: Array(register.user.utf8),
                domain: register.domain.map { Array($0.utf8) } ?? settings.peerHost,
                expires: UInt32(clamping: register.expires),
                retrySeconds: UInt32(clamping: register.retrySeconds),
                isRequired: register.isRequired)
        }
        settings.interworking = trunk.interworking
        self.dialogs(trunk.dialogs, &settings)
        settings.transfer = TransferPolicy(trunk.transfer)
        settings.digits = trunk.digits
        settings.tenancy = trunk.tenancy
        settings.messageLimits = trunk.messageLimits
        return settings
    }

    private static func dialogs(_ dialogs: TrunkDialogs, _ settings: inout TrunkSettings) {
        settings.reliableProvisional =
            switch dialogs.reliable {
            case .off: .off
            case .supported: .supported
            case .required: .required
            }
        let mode: SessionTimerPolicy.Mode =
            switch dialogs.sessionTimer {
            case .off: .off
            case .accept: .accept
            case .request: .request
            }
        settings.sessionTimer = SessionTimerPolicy(
            mode: mode, seconds: UInt32(clamping: dialogs.sessionSeconds),
            minimum: UInt32(clamping: dialogs.sessionMinimum))
        settings.callSecondsMax = UInt32(clamping: dialogs.callSeconds)
    }

    /// A peer may come by UDP or by TCP: every listener on the address of the trunk's own. Where
    /// TLS is agreed on it comes by nothing else: a source address alone is no certificate.
    private static func listeners(
        of trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> [ListenerIndex] {
        let address = file.listeners[trunk.listener].address.address
        let isSecure = file.listeners[trunk.listener].transport == .tls
        let others = file.listeners.indices.filter {
            $0 != trunk.listener && $0 != file.mcp?.listener
                && file.listeners[$0].address.address == address
                && (file.listeners[$0].transport == .tls) == isSecure
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
        case .tls: .tls
        }
    }
}
