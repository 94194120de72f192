// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import FlowABI
import Management
import SIPTransaction
import SIPTransport
import Store
import TLS

extension Shard: TLSAuthority {
    func session(accepting source: Hop) -> TLSSession? {
        if let proxy, proxy.listener == source.listener {
            guard proxy.takesRequests(from: source) else { return nil }
            return self.tls.accept(at: Int(source.listener.rawValue), ProxyAgent.party)
        }
        return self.core.engine.trunkName(of: source).flatMap {
            self.tls.accept(at: Int(source.listener.rawValue), $0.text)
        }
    }

    func session(connecting target: Hop) -> TLSSession? {
        if let proxy, proxy.listener == target.listener {
            return self.tls.connect(ProxyAgent.party, host: proxy.host(at: target))
        }
        return self.core.engine.target(at: target).flatMap {
            self.tls.connect($0.trunk.text, host: $0.host)
        }
    }

    func handshakeFailed(_ hop: Hop, _ error: TransportError) {
        let trunk =
            self.core.engine.trunkName(of: hop) ?? self.core.engine.target(at: hop)?.trunk
        let party = self.isProxys(hop) ? "\(ProxyAgent.party), \(hop.remote)" : nil
        let text = "\(party ?? trunk.map { "trunk \($0)" } ?? "\(hop.remote)"): \(error)"
        // A peer that comes again and again must not fill the journal.
        if self.lastHandshakeFailure != text { Log.line("trunkline: \(text)") }
        self.lastHandshakeFailure = text
    }

    /// True where a message came over plain transport, or over TLS from whom the certificate says.
    func isFromItsParty(_ hop: Hop) -> Bool {
        guard hop.transport == .tls else { return true }
        guard let session = self.transport?.session(of: hop.connection) else { return false }
        if self.isProxys(hop) { return session.policy.party == ProxyAgent.party }
        guard let trunk = self.core.engine.trunkName(of: hop) else { return true }
        return session.policy.party == trunk.text
    }

    /// Looks at the files of certificates, and lets connections with old ones end.
    func lookAtCertificates() {
        let now = Self.nowSeconds
        do {
            let lines = try self.tls.look(
                self.file, hasTenants: self.provisioningStatus.totals.accounts > 0, now: now)
            for line in lines { Log.line("trunkline: \(line)") }
            if !lines.isEmpty { self.recycleConnections() }
        } catch {
            Log.line("trunkline: \(error)")
        }
        for line in self.tls.warnings(now: now) { Log.line("trunkline: \(line)") }
    }

    /// Connections whose certificates, trust or policy are not those in force any more.
    func recycleConnections() {
        self.transport?.recycle { !self.tls.isCurrent($0) }
    }

    static var nowSeconds: Int64 { Int64(clamping: Clocks.wallMs / 1000) }

    func tlsFigures() -> JSONValue {
        let counters = self.transport?.counters ?? TransportCounters()
        return [
            "certificates": .array(
                self.tls.inUse(now: Self.nowSeconds).map { use in
                    [
                        "file": JSONValue(use.path), "use": JSONValue(use.use),
                        "days_left": .integer(use.days),
                    ]
                }),
            "handshakes": JSONValue(counters.handshakes), "resumed": JSONValue(counters.resumed),
            "in_progress": JSONValue(self.transport?.handshakesInProgress ?? 0),
            "failed": JSONValue(counters.handshakesFailed),
            "slow": JSONValue(counters.handshakesSlow),
            "last_failure": JSONValue(self.lastHandshakeFailure ?? ""),
            "refused_unknown": JSONValue(counters.refusedUnknown),
            "refused_too_many": JSONValue(counters.refusedHandshakes),
            "displaced": JSONValue(counters.handshakesDisplaced),
            "refused_per_source": JSONValue(counters.refusedHandshakesPerSource),
            "impostors": JSONValue(self.counters.impostors),
            "truncated": JSONValue(counters.truncated), "aliases": JSONValue(counters.aliases),
            "unanswered_pings": JSONValue(counters.silentClosed),
            "recycled": JSONValue(counters.recycled),
        ]
    }
}
