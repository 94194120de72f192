// SPDX-License-Identifier: Apache-2.0

import CallControl

/// A tenant with the place of its name.
struct LocatedTenant {
    var value: NodeConfiguration.Tenant
    var name: Located<String>
}

extension ConfigurationReader {
    func tenant(_ section: SectionReader) -> LocatedTenant? {
        guard let name = section.text(TenantKeys.name) else { return nil }
        self.checkName(name)
        return LocatedTenant(
            value: NodeConfiguration.Tenant(
                name: name.value, calls: section.integer(TenantKeys.calls)?.value,
                callsPerSecond: section.integer(TenantKeys.callsPerSecond)?.value),
            name: name)
    }

    /// The keys of a trunk that bound its calls and say of what kinds they are.
    func trunkLimits(
        _ section: SectionReader, _ tenants: Names
    ) -> NodeConfiguration.TrunkLimits {
        var limits = NodeConfiguration.TrunkLimits()
        limits.callsPerSecond = section.integer(TrunkLimitKeys.callsPerSecond)?.value
        limits.requestsPerSecond = section.integer(TrunkLimitKeys.requestsPerSecond)?.value
        if let status = section.integer(TrunkLimitKeys.refusalStatus) {
            limits.refusalStatus = status.value
        }
        limits.tenant = section.text(TrunkLimitKeys.tenant).flatMap {
            self.resolve($0, tenants, "tenant")
        }
        if let redirect: Located<NodeConfiguration.Redirect> = self.choice(
            section, TrunkLimitKeys.redirect)
        {
            limits.redirect = redirect.value
        }
        if let numbers = section.texts(TrunkLimitKeys.emergencyNumbers) {
            for number in numbers where !Self.isPrefix(number.value) || number.value.isEmpty {
                self.issues.add(
                    number, "\(Shown.value(number.value)) is no number",
                    "write at most 32 digits, '+' only in front, in quotes")
            }
            limits.emergencyNumbers = numbers.map(\.value)
        }
        limits.emergencyExempt = section.flag(TrunkLimitKeys.emergencyExempt)
        return limits
    }

    /// The keys of a trunk that bound its messages; nil where it has none of them.
    func messageLimits(_ section: SectionReader) -> TrunkMessageLimits? {
        guard MessageLimitKeys.all.contains(where: { section.node($0) != nil }) else { return nil }
        var limits = TrunkMessageLimits()
        let numbers: [(Key, WritableKeyPath<TrunkMessageLimits, Int>)] = [
            (MessageLimitKeys.message, \.messageBytes), (MessageLimitKeys.uri, \.uriBytes),
            (MessageLimitKeys.fromDomain, \.fromDomainBytes),
            (MessageLimitKeys.headerName, \.headerNameBytes),
            (MessageLimitKeys.optionTag, \.optionTagBytes),
            (MessageLimitKeys.bodyName, \.bodyNameBytes),
            (MessageLimitKeys.optionList, \.optionListBytes),
        ]
        for (key, path) in numbers {
            if let number = section.integer(key) { limits[keyPath: path] = number.value }
        }
        return limits
    }

    /// The keys of the node's limits.
    func edge(_ section: SectionReader) -> NodeConfiguration.Edge {
        var edge = NodeConfiguration.Edge()
        edge.callsPerSecond = section.integer(OverloadKeys.callsPerSecond)?.value
        edge.sourceCalls = section.integer(OverloadKeys.sourceCalls)?.value
        edge.sourceCallsPerSecond = section.integer(OverloadKeys.sourceCallsPerSecond)?.value
        edge.emergencyPreempts = section.flag(OverloadKeys.emergencyPreempts)
        if let unknown: Located<NodeConfiguration.UnknownSources> = self.choice(
            section, OverloadKeys.unknownSources)
        {
            edge.unknownSources = unknown.value
        }
        if let words = section.texts(OverloadKeys.scanners) {
            for word in words where !(3...64).contains(word.value.utf8.count) {
                self.issues.add(
                    word, "\(Shown.value(word.value)) has \(word.value.utf8.count) bytes",
                    "write a word of 3 to 64 bytes")
            }
            edge.scanners = words.map(\.value)
        }
        let numbers: [(Key, WritableKeyPath<NodeConfiguration.Edge, Int>)] = [
            (OverloadKeys.emergencyCalls, \.emergencyCalls),
            (OverloadKeys.unknownMessages, \.unknownMessagesPerSecond),
            (OverloadKeys.sourceMessages, \.sourceMessagesPerSecond),
            (OverloadKeys.faults, \.faultAnswersPerSecond),
            (OverloadKeys.messageBytes, \.messageBytes), (OverloadKeys.uriBytes, \.uriBytes),
            (OverloadKeys.headerBytes, \.headerBytes),
        ]
        for (key, path) in numbers {
            if let number = section.integer(key) { edge[keyPath: path] = number.value }
        }
        return edge
    }
}
