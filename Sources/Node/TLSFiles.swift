// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import TLS

/// The files that TLS is made of, as they were last taken. A file that cannot be used never
/// replaces what it was before; why is told as long as it is so.
struct TLSFiles {
    /// What tells one state of a file from another.
    private struct Stamp: Equatable {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var bytes: Int64 = 0
        var modified: Int64 = 0
        var modifiedNs: Int64 = 0

        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            self.device = UInt64(status.st_dev)
            self.inode = UInt64(status.st_ino)
            self.bytes = Int64(status.st_size)
            self.modified = Int64(status.st_mtim.tv_sec)
            self.modifiedNs = Int64(status.st_mtim.tv_nsec)
        }
    }

    private struct Taken<Value> {
        var value: Value
        /// Of the files as they were looked at last, taken or not.
        var stamps: [Stamp]
    }

    /// Files by whose names problems are known.
    private(set) var problems: [String: String] = [:]
    private var identities: [NodeConfiguration.CertificateFiles: Taken<TLSIdentity>] = [:]
    private var trusts: [String: Taken<TLSTrust>] = [:]

    /// A certificate, if it was ever good.
    func identity(_ files: NodeConfiguration.CertificateFiles) -> TLSIdentity? {
        self.identities[files]?.value
    }

    /// Authorities, if they were ever good.
    func trust(_ path: String) -> TLSTrust? { self.trusts[path]?.value }

    /// Takes the files that a configuration names and forgets others. Throws for the first that
    /// cannot be used; dates do not matter: a certificate that has ended is better than no node.
    mutating func take(
        _ identities: Set<NodeConfiguration.CertificateFiles>, _ trusts: Set<String>
    ) throws(NodeError) {
        var next = self
        next.identities = self.identities.filter { identities.contains($0.key) }
        next.trusts = self.trusts.filter { trusts.contains($0.key) }
        for files in identities.sorted(by: Self.precedes) where next.identities[files] == nil {
            do throws(TLSFailure) {
                next.identities[files] = Taken(
                    value: try TLSIdentity(certificate: files.certificate, key: files.key),
                    stamps: Self.stamps(files))
            } catch {
                let place = error.isAboutTheKey ? files.key : files.certificate
                throw NodeError("\(place) \(error); \(error.fix)")
            }
        }
        for path in trusts.sorted() where next.trusts[path] == nil {
            do throws(TLSFailure) {
                next.trusts[path] = Taken(value: try TLSTrust(path: path), stamps: [Stamp(path)])
            } catch {
                throw NodeError("\(path) \(error); \(error.fix)")
            }
        }
        let known = Set(identities.map(\.certificate)).union(trusts)
        next.problems = self.problems.filter { known.contains($0.key) }
        self = next
    }

    /// The order in which files are looked at and spoken of.
    private static func precedes(
        _ left: NodeConfiguration.CertificateFiles, _ right: NodeConfiguration.CertificateFiles
    ) -> Bool {
        (left.certificate, left.key) < (right.certificate, right.key)
    }

    /// Looks whether files have changed since, and takes those that are good; `now` in seconds
    /// since 1970. A certificate that has not a name of `needed` which the one before it has, and
    /// no other one has, is not good. Gives a line for the log for each file that has changed.
    mutating func look(now: Int64, needed: [String]) -> [String] {
        var lines: [String] = []
        for (files, taken) in self.identities.sorted(by: { Self.precedes($0.key, $1.key) }) {
            let stamps = Self.stamps(files)
            guard stamps != taken.stamps else { continue }
            self.identities[files]?.stamps = stamps
            do throws(TLSFailure) {
                let identity = try TLSIdentity(
                    certificate: files.certificate, key: files.key, now: now)
                let others = self.identities.filter { $0.key != files }.map(\.value.value.names)
                let lost = needed.first { name in
                    Self.has(taken.value.names, name) && !Self.has(identity.names, name)
                        && !others.contains { Self.has($0, name) }
                }
                if let lost {
                    lines.append(
                        self.keep(
                            files.certificate,
                            "\(files.certificate) has not the name \(lost) any more",
                            "put a certificate there that has it (trunkline cert plan)"))
                    continue
                }
                self.identities[files]?.value = identity
                self.problems[files.certificate] = nil
                lines.append("\(files.certificate): the new certificate is in use")
            } catch {
                let place = error.isAboutTheKey ? files.key : files.certificate
                lines.append(self.keep(files.certificate, "\(place) \(error)", error.fix))
            }
        }
        for (path, taken) in self.trusts.sorted(by: { $0.key < $1.key }) {
            let stamps = [Stamp(path)]
            guard stamps != taken.stamps else { continue }
            self.trusts[path]?.stamps = stamps
            do throws(TLSFailure) {
                self.trusts[path]?.value = try TLSTrust(path: path, now: now)
                self.problems[path] = nil
                lines.append("\(path): the new authorities are in use")
            } catch {
                lines.append(self.keep(path, "\(path) \(error)", error.fix))
            }
        }
        return lines
    }

    private static func has(_ names: CertificateNames, _ name: String) -> Bool {
        NameRule.rfc2818.matches(names, name)
    }

    private mutating func keep(_ name: String, _ what: String, _ fix: String) -> String {
        let line = "\(what): what it was before stays in use; \(fix)"
        self.problems[name] = line
        return line
    }

    private static func stamps(_ files: NodeConfiguration.CertificateFiles) -> [Stamp] {
        [Stamp(files.certificate), Stamp(files.key)]
    }
}
