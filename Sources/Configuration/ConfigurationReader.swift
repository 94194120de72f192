// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress

/// Turns the tree into values. What is wrong becomes an issue, and the reading goes on, so that one
/// run reports everything.
struct ConfigurationReader {
    let issues: IssueList
    let ruleFiles: RuleFiles

    private let profileDrafts: [String: String?]

    init(_ issues: IssueList, _ profileDrafts: [String: String?] = [:]) {
        self.issues = issues
        self.profileDrafts = profileDrafts
        self.ruleFiles = RuleFiles(issues)
    }

    /// Nil where an issue says why.
    func read(_ root: YAMLNode) -> NodeConfiguration? {
        let names = Schema.sections.map(\.name)
        guard let file = SectionReader(root, "", keys: names, self.issues) else { return nil }
        let node = self.section(file, Schema.node).flatMap(self.node)
        let realms = self.list(file, Schema.realms, 1...Schema.realmLimit, self.realm)
        let profiles = Profiles(self.issues, node?.profiles ?? ProfileDirectories())
        let sections = self.list(file, Schema.trunks, 0...Schema.trunkLimit, profiles.laid)
        let written = self.list(
            file, Schema.listeners, (sections.isEmpty ? 1 : 0)...Schema.listenerLimit,
            self.listener)
        let tenants = self.list(file, Schema.tenants, 0...1000, self.tenant)
        let references = References(
            tenants: Names(tenants.map(\.name), file.section("tenants")),
            listeners: Names(written.map(\.name), file.section("listeners")),
            realms: Names(realms.map(\.name), file.section("realms"), keys: ["name", "interface"]))
        let certificates = (node?.value.stateDirectory ?? "") + "/certificates"
        let drafts = sections.map {
            self.draft($0, realms, references, certificates: certificates)
        }
        let listeners =
            written
            + ImpliedListeners(issues: self.issues).listeners(
                drafts.compactMap(\.place), beside: written)
        var trunks = drafts.compactMap { self.trunk($0, realms, listeners, references) }
        let trunkNames = Names(trunks.map(\.name), file.section("trunks"))
        self.emergencyTrunks(drafts.map(\.section), &trunks, trunkNames)
        let routes =
            self.impliedRoutes(file, trunks)
            ?? self.list(file, Schema.routes, 0...100_000) { self.route($0, trunkNames) }
        let fastPath = self.section(file, Schema.fastPath).flatMap(self.fastPath)
        let media = self.section(file, Schema.media).flatMap(self.media)
        let limits = self.section(file, Schema.limits).map { section in
            NodeConfiguration.Limits(
                calls: section.integer(LimitKeys.calls)?.value,
                callSeconds: section.integer(DialogKeys.nodeCallSeconds)?.value ?? 0,
                edge: self.edge(section))
        }
        let dns = self.section(file, DNSKeys.section).flatMap(self.dns)
        let trace = self.section(file, Schema.trace).flatMap(self.trace)
        let mcp = self.mcp(file, listeners, references.listeners, trunks)
        let store = self.section(file, Schema.store).map {
            self.store($0, stateDirectory: node?.value.stateDirectory)
        }
        let records = self.section(file, Schema.records).flatMap {
            self.records($0, stateDirectory: node?.value.stateDirectory)
        }
        let checks = CrossChecks(issues: self.issues)
        checks.names(listeners.map(\.name), "listener")
        checks.names(realms.map(\.name), "realm")
        checks.names(trunks.map(\.name), "trunk")
        checks.names(tenants.map(\.name), "tenant")
        checks.realms(realms, workers: fastPath?.cores.count ?? 1)
        checks.listeners(listeners, realms)
        if written.count <= Schema.listenerLimit, listeners.count > Schema.listenerLimit {
            self.issues.add(
                listeners[Schema.listenerLimit].name, "needs a listener too many",
                "let trunks share ports: a node has at most \(Schema.listenerLimit) listeners")
        }
        checks.sources(trunks)
        checks.hosts(trunks)
        checks.routes(routes)
        guard let fastPath, let node, let media, let limits, let dns, let trace, let store,
            let records, self.issues.issues.isEmpty
        else { return nil }
        let configuration = NodeConfiguration(
            node: node.value, fastPath: fastPath, realms: realms.map(\.value),
            listeners: listeners.map(\.value), trunks: trunks.map(\.value),
            tenants: tenants.map(\.value), routes: routes.map(\.value),
            media: media, limits: limits, dns: dns, trace: trace, mcp: mcp, store: store,
            records: records)
        self.checkCarrierTrunks(configuration, trunks)
        return self.issues.issues.isEmpty ? configuration : nil
    }

    private func section(_ file: SectionReader, _ schema: SectionSchema) -> SectionReader? {
        let node =
            file.section(schema.name)
            ?? YAMLNode(line: file.line, content: .scalar("", plain: true))
        return SectionReader(
            node, schema.name, keys: schema.keys.map(\.name), self.issues)
    }

    /// Reads the items of a list; a wrong item is left out.
    private func list<Item>(
        _ file: SectionReader, _ schema: SectionSchema, _ count: ClosedRange<Int>,
        _ read: (SectionReader) -> Item?
    ) -> [Item] {
        let node = file.section(schema.name)
        var items: [YAMLNode] = []
        if let node, !node.isNull {
            guard case .sequence(let list) = node.content else {
                self.issues.add(
                    node.line, schema.name, "is \(node.kindName)",
                    "write a list, each item beginning with '- '")
                return []
            }
            items = list
        }
        if !count.contains(items.count) {
            self.issues.add(
                node?.line ?? file.line, schema.name, "has \(items.count) items",
                "write \(count.lowerBound) to \(count.upperBound) of them")
            return []
        }
        return items.enumerated().compactMap { index, item in
            SectionReader(
                item, "\(schema.name)[\(index)]", keys: schema.keys.map(\.name), self.issues
            ).flatMap(read)
        }
    }

    /// Without routes two trunks have each other's calls.
    private func impliedRoutes(
        _ file: SectionReader, _ trunks: [LocatedTrunk]
    ) -> [LocatedRoute]? {
        guard trunks.count == 2, file.section("routes")?.isNull ?? true else { return nil }
        return [(0, 1), (1, 0)].map { from, to in
            let name = trunks[from].name
            let route = NodeConfiguration.Route(prefix: "", from: from, to: to, isImplied: true)
            return name.map { _ in route }
        }
    }

    private func node(_ section: SectionReader) -> LocatedNode? {
        let runtime = self.directory(section, NodeKeys.runtimeDirectory)
        let state = self.directory(section, NodeKeys.stateDirectory)
        let profiles = self.directory(section, NodeKeys.profileDirectory)
        let name = section.text(NodeKeys.name)
        if let name { self.checkName(name) }
        var node = NodeConfiguration.Node(
            name: name?.value ?? Self.hostName(),
            runtimeDirectory: runtime, stateDirectory: state)
        if let region = section.integer(TenancyKeys.nodeRegion) { node.region = region.value }
        var directories = ProfileDirectories(own: profiles)
        directories.drafts = self.profileDrafts
        return LocatedNode(value: node, profiles: directories)
    }

    /// An absolute path; the example, which is the default, where none is written.
    private func directory(_ section: SectionReader, _ key: Key) -> String {
        guard let directory = section.text(key) else { return key.example }
        if !directory.value.hasPrefix("/") || directory.value.utf8.count > 80 {
            self.issues.add(
                directory, "is not an absolute path of at most 80 bytes",
                "write \(key.example) or the like")
        }
        return directory.value
    }

    private func fastPath(_ section: SectionReader) -> NodeConfiguration.FastPath? {
        let cores = section.integers(FastPathKeys.cores)
        if let cores { self.checkCores(cores, section) }
        let housekeeping = section.integer(FastPathKeys.housekeepingCore)
        if let housekeeping, (cores ?? []).contains(where: { $0.value == housekeeping.value }) {
            self.issues.add(
                housekeeping, "core \(housekeeping.value) runs a worker",
                "name a core that is not in fastpath.cores, or leave the key out")
        }
        guard let memory = section.integer(FastPathKeys.memory),
            let flows = section.integer(FastPathKeys.flows)
        else { return nil }
        let secure = section.integer(FastPathKeys.secureFlows)
        if let secure, secure.value > flows.value {
            self.issues.add(
                secure, "is more than the \(flows.value) flows of a worker",
                "write at most fastpath.flows-per-worker")
        }
        return NodeConfiguration.FastPath(
            cores: cores?.map(\.value) ?? [1], housekeepingCore: housekeeping?.value,
            hugePages: section.flag(FastPathKeys.hugePages), memoryMB: memory.value,
            flowsPerWorker: flows.value, secureFlowsPerWorker: secure?.value)
    }

    private func checkCores(_ cores: [Located<Int>], _ section: SectionReader) {
        if !(1...64).contains(cores.count) {
            self.issues.add(
                section.node(FastPathKeys.cores)?.line ?? section.line,
                SectionReader.join(section.key, FastPathKeys.cores.name),
                "names \(cores.count) cores", "write 1 to 64 core numbers")
        }
        var seen: Set<Int> = []
        for core in cores where !seen.insert(core.value).inserted {
            self.issues.add(core, "core \(core.value) stands twice", "name each core once")
        }
    }

    private func media(_ section: SectionReader) -> NodeConfiguration.Media? {
        guard let timeout = section.integer(MediaKeys.timeout),
            let interval = section.integer(MediaKeys.rtcpInterval),
            let audit = section.integer(DialogKeys.audit)
        else { return nil }
        return NodeConfiguration.Media(
            timeoutSeconds: timeout.value, rtcpIntervalMilliseconds: interval.value,
            auditSeconds: audit.value)
    }

    private func route(
        _ section: SectionReader, _ trunks: Names
    ) -> LocatedRoute? {
        let from = section.text(RouteKeys.from)
        let origin = from.flatMap { self.resolve($0, trunks, "trunk") }
        let to = self.destinations(section, trunks)
        let prefix = section.text(RouteKeys.prefix)
        if let prefix, !Self.isPrefix(prefix.value) {
            self.issues.add(
                prefix, "\(Shown.value(prefix.value)) is no beginning of a number",
                "write at most 32 digits, '+' only in front, in quotes")
            return nil
        }
        guard let first = to.first, from == nil || origin != nil else { return nil }
        let value = NodeConfiguration.Route(
            prefix: prefix?.value ?? "", from: origin, to: first, others: Array(to.dropFirst()))
        return LocatedRoute(
            value: value, line: prefix?.line ?? section.line,
            key: SectionReader.join(section.key, RouteKeys.prefix.name))
    }

    /// The trunks of a route, each once, in order.
    private func destinations(_ section: SectionReader, _ trunks: Names) -> [Int] {
        guard let names = section.oneOrMoreTexts(RouteKeys.to) else { return [] }
        if !(1...Schema.routeTrunkLimit).contains(names.count) {
            self.issues.add(
                section.node(RouteKeys.to)?.line ?? section.line,
                SectionReader.join(section.key, RouteKeys.to.name), "names \(names.count) trunks",
                "write 1 to \(Schema.routeTrunkLimit) of them")
        }
        var positions: [Int] = []
        for name in names {
            guard let position = self.resolve(name, trunks, "trunk") else { continue }
            if positions.contains(position) {
                self.issues.add(
                    name, "trunk \(Shown.value(name.value)) stands twice", "write each once")
            } else {
                positions.append(position)
            }
        }
        return positions
    }

    /// Digits with `*`, `#` and A to D, and a `+` in front of them.
    static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 32
            && text.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case 0x30...0x39, 0x23, 0x2a, 0x41...0x44, 0x61...0x64: true
                case 0x2b: index == 0
                default: false
                }
            }
    }

    /// The position of a name; nil and an issue if nothing has it.
    func resolve(_ name: Located<String>, _ names: Names, _ kind: String) -> Int? {
        if let position = names.positions[name.value] { return position }
        // Its definition is wrong, which is an issue of its own.
        if names.declared.contains(name.value) { return nil }
        let known = names.declared.sorted()
        let fix: String
        if let nearest = Spelling.nearest(to: name.value, in: known) {
            fix = "did you mean \(nearest)?"
        } else if known.isEmpty {
            fix = "define a \(kind) with this name first"
        } else {
            fix = "the \(kind)s are: \(known.prefix(16).joined(separator: ", "))"
        }
        self.issues.add(name, "there is no \(kind) \(Shown.value(name.value))", fix)
        return nil
    }

    /// Names appear in file names, counters and command lines.
    func checkName(_ name: Located<String>) {
        let allowed = name.value.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        guard !allowed || !(1...Schema.nameBytes).contains(name.value.utf8.count) else { return }
        self.issues.add(
            name, "\(Shown.value(name.value)) is no name",
            "write 1 to \(Schema.nameBytes) letters, digits, '-', '_' or '.'")
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "trunkline" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The node, and where its profiles are.
struct LocatedNode {
    var value: NodeConfiguration.Node
    var profiles: ProfileDirectories
}

/// What other sections can be named.
struct References {
    var tenants: Names
    var listeners: Names
    var realms: Names
}

/// The names of one kind.
struct Names {
    /// Positions of what was read; of equal names the first (the others are an issue elsewhere).
    var positions: [String: Int]
    /// Every name that the file has, whether or not its item could be read.
    var declared: Set<String>

    /// From the names of what was read, and the list; of an item the first of the keys names it.
    init(_ names: [Located<String>], _ list: YAMLNode?, keys: [String] = ["name"]) {
        self.positions = Dictionary(
            names.enumerated().map { ($0.element.value, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        self.declared = Set(names.map(\.value))
        guard case .sequence(let items) = list?.content else { return }
        for item in items {
            guard case .mapping(let entries) = item.content else { continue }
            let names = keys.lazy.compactMap { key in entries.first { $0.key == key }?.value }
            if case .scalar(let name, _)? = names.first?.content { self.declared.insert(name) }
        }
    }
}
