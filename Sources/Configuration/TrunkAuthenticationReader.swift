// SPDX-License-Identifier: Apache-2.0

import SIPAuthentication

extension NodeConfiguration {
    /// `register:` of a trunk.
    public struct Register: Sendable, Hashable {
        /// User part of the address that is registered.
        public var user: String
        /// Its host; nil: the peer's.
        public var domain: String?
        /// Seconds that are asked for.
        public var expires: Int
        /// Seconds to wait after a first failure.
        public var retrySeconds: Int
        /// Without it the trunk gets no calls.
        public var isRequired: Bool
    }
}

/// Reads how a trunk and the box make sure of each other, and what it registers.
struct TrunkAuthenticationReader {
    /// Bytes of a file with passwords.
    static let fileLimit = 1 << 20
    /// Users of one file.
    static let userLimit = 10_000

    private typealias Keys = TrunkAuthenticationKeys
    private let section: SectionReader
    private let issues: IssueList

    init(_ section: SectionReader) {
        self.section = section
        self.issues = section.issues
    }

    /// The realm of a demand is empty where none is written.
    func read() -> TrunkAuthentication {
        TrunkAuthentication(credentials: self.credentials(), demand: self.demand())
    }

    private func credentials() -> DigestCredentials? {
        let username = self.section.text(Keys.username)
        let realm = self.section.text(Keys.authRealm)
        let plain = self.section.text(Keys.password)
        let file = self.section.text(Keys.passwordFile)
        if let plain, file != nil {
            self.issues.add(
                plain, "stands beside password-file", "keep one of the two, better the file")
        }
        guard let username else {
            for other in [plain, file, realm] {
                guard let other else { continue }
                self.issues.add(other, "is of no use without username", "write username too")
            }
            return nil
        }
        let password = plain.map { Array($0.value.utf8) } ?? file.flatMap(self.firstLine)
        guard let password else {
            if file == nil {
                self.issues.add(
                    username, "has no password", "write password-file: FILE, or password")
            }
            return nil
        }
        return DigestCredentials(
            username: Array(username.value.utf8), password: password,
            realm: realm.map { Array($0.value.utf8) })
    }

    private func demand() -> TrunkAuthentication.Demand? {
        let file = self.section.text(Keys.usersFile)
        let isWanted = self.section.flag(Keys.authenticate)
        let isInDialog = self.section.flag(Keys.authenticateInDialog)
        guard isWanted else {
            if isInDialog {
                self.issues.add(
                    self.section.line,
                    SectionReader.join(self.section.key, Keys.authenticateInDialog.name),
                    "is of no use without authenticate", "write authenticate: true too")
            }
            return nil
        }
        guard let file else {
            self.issues.add(
                self.section.line, SectionReader.join(self.section.key, Keys.authenticate.name),
                "has no users to accept", "write users-file: FILE too")
            return nil
        }
        guard let passwords = self.users(file) else { return nil }
        let realm = self.section.text(Keys.challengeRealm)?.value ?? ""
        return TrunkAuthentication.Demand(
            realm: Array(realm.utf8), passwords: passwords, isInDialog: isInDialog)
    }

    /// What is registered.
    func register() -> NodeConfiguration.Register? {
        guard let node = self.section.node(Keys.register) else { return nil }
        let path = SectionReader.join(self.section.key, Keys.register.name)
        let keys = RegisterKeys.all.map(\.name)
        guard let section = SectionReader(node, path, keys: keys, self.issues),
            let user = section.text(RegisterKeys.user),
            let expires = section.integer(RegisterKeys.expires),
            let retry = section.integer(RegisterKeys.retry)
        else { return nil }
        let domain = section.text(RegisterKeys.domain)
        for text in [user, domain] {
            guard let text, !Self.isPlain(text.value) else { continue }
            self.issues.add(
                text, "\(Shown.value(text.value)) cannot stand in an address",
                "write letters, digits and + - . _ : [ ]")
        }
        return NodeConfiguration.Register(
            user: user.value, domain: domain?.value, expires: expires.value,
            retrySeconds: retry.value, isRequired: section.flag(RegisterKeys.required))
    }

    private static func isPlain(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case 0x2b, 0x2d, 0x2e, 0x5f, 0x3a, 0x5b, 0x5d: true
                default: false
                }
            }
    }

    // MARK: Files

    private func lines(_ name: Located<String>) -> [ArraySlice<UInt8>]? {
        let path = self.issues.path(of: name)
        let faults = IssueList(file: path)
        guard let bytes = FileBytes.read(path, limit: Self.fileLimit, faults) else {
            let fault = faults.issues.first
            self.issues.add(
                name, "\(Shown.value(path)) \(fault?.problem ?? "cannot be read")",
                fault?.fix ?? "name a file that this user can read")
            return nil
        }
        return bytes.split(separator: 0x0a).map { $0.last == 0x0d ? $0.dropLast() : $0 }
    }

    private func firstLine(_ name: Located<String>) -> [UInt8]? {
        guard let lines = self.lines(name) else { return nil }
        guard let first = lines.first, !first.isEmpty else {
            self.issues.add(name, "names an empty file", "write the password as its first line")
            return nil
        }
        return Array(first)
    }

    private func users(_ name: Located<String>) -> [[UInt8]: [UInt8]]? {
        guard let lines = self.lines(name) else { return nil }
        var users: [[UInt8]: [UInt8]] = [:]
        for (index, line) in lines.enumerated() where line.first != 0x23 && !line.isEmpty {
            guard let colon = line.firstIndex(of: 0x3a), colon > line.startIndex else {
                self.issues.add(
                    name, "names a file whose entry \(index + 1) is no USER:PASSWORD",
                    "write a user, a colon and the password on each line")
                return nil
            }
            users[Array(line[..<colon])] = Array(line[(colon + 1)...])
        }
        guard (1...Self.userLimit).contains(users.count) else {
            self.issues.add(
                name, "names a file with \(users.count) users",
                "write 1 to \(Self.userLimit) lines USER:PASSWORD")
            return nil
        }
        return users
    }
}
