// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import Routing
import SIPMessage

extension Settings {
    /// What bounds a trunk's calls, and of what kinds they are.
    static func adopt(
        _ limits: NodeConfiguration.TrunkLimits, _ file: NodeConfiguration,
        _ settings: inout TrunkSettings
    ) {
        settings.limits.callsPerSecond = limits.callsPerSecond.map { UInt32(clamping: $0) }
        settings.limits.requestsPerSecond = limits.requestsPerSecond.map { UInt32(clamping: $0) }
        settings.limits.refusalStatus = limits.refusalStatus
        settings.limits.tenant = limits.tenant.flatMap { position in
            file.tenants.indices.contains(position)
                ? TenantName(file.tenants[position].name) : nil
        }
        switch limits.redirect {
        case .follow: settings.redirect = .follow
        case .pass: settings.redirect = .pass
        case .refuse: settings.redirect = .refuse
        }
        settings.emergency.numbers = Set(
            limits.emergencyNumbers.map { CalledNumber(user: $0.utf8) })
        settings.emergency.isExempt = limits.emergencyExempt
        settings.emergency.trunks = limits.emergencyTrunks.map {
            TrunkIndex(UInt16(clamping: $0))
        }
    }

    /// What bounds the node.
    static func overload(_ file: NodeConfiguration) -> OverloadPolicy {
        var overload = OverloadPolicy()
        let edge = file.limits.edge
        overload.callsPerSecond = edge.callsPerSecond.map { UInt32(clamping: $0) }
        overload.sourceCallsMax = edge.sourceCalls
        overload.sourceCallsPerSecond = edge.sourceCallsPerSecond.map { UInt32(clamping: $0) }
        overload.emergencyCallsMax = edge.emergencyCalls
        overload.emergencyPreempts = edge.emergencyPreempts
        for tenant in file.tenants {
            let name = TenantName(tenant.name)
            overload.tenantCallsMax[name] = tenant.calls
            overload.tenantCallsPerSecond[name] = tenant.callsPerSecond.map {
                UInt32(clamping: $0)
            }
        }
        return overload
    }

    /// What messages may cost.
    static func edge(_ edge: NodeConfiguration.Edge) -> SourceGuard.Policy {
        var policy = SourceGuard.Policy()
        policy.dropsUnknown = edge.unknownSources == .drop
        policy.unknownPerSecond = UInt32(clamping: edge.unknownMessagesPerSecond)
        policy.unknownSourcePerSecond = max(policy.unknownPerSecond / 5, 1)
        policy.sourcePerSecond = UInt32(clamping: edge.sourceMessagesPerSecond)
        policy.faultsPerSecond = UInt32(clamping: edge.faultAnswersPerSecond)
        if let words = edge.scanners {
            policy.scanners = words.map { $0.utf8.map(ASCII.lowered) }
        }
        return policy
    }

    /// How long messages may be.
    static func messages(_ edge: NodeConfiguration.Edge) -> MessageLimits {
        var limits = MessageLimits()
        limits.messageBytes = edge.messageBytes
        limits.uriBytes = edge.uriBytes
        limits.headerBytes = edge.headerBytes
        return limits
    }
}
