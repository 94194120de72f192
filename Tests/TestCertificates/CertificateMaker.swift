// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Makes certificates with the openssl command in a directory of its own, which goes with it.
public final class CertificateMaker {
    /// Where the files are.
    public let directory: URL

    /// A certificate's files.
    public struct Files: Sendable {
        /// The certificate, PEM.
        public let certificate: String
        /// Its key, PEM.
        public let key: String
    }

    /// Why a certificate was not made: what openssl said.
    public struct Failure: Error { public let text: String }

    /// An empty directory.
    public init() throws {
        self.directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("trunkline-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: self.directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: self.directory) }

    /// The path of a file here.
    public func path(_ name: String) -> String { self.directory.appendingPathComponent(name).path }

    /// A certificate that signs others.
    public func authority(_ name: String) throws -> Files {
        try self.openssl(
            ["req", "-x509"] + Self.newKey(isRSA: false) + [
                "-keyout", self.path("\(name).key"), "-out", self.path("\(name).pem"),
                "-days", "30", "-subj", "/CN=\(name)",
            ])
        return self.files(name)
    }

    /// A certificate of an authority. `days` below 0: it has ended. `usages` empty: for anything.
    @discardableResult
    public func leaf(
        _ name: String, by authority: Files, alternatives: String = "", common: String? = nil,
        usages: String = "serverAuth,clientAuth", days: Int = 20, isRSA: Bool = false
    ) throws -> Files {
        var extensions = ["basicConstraints=critical,CA:FALSE"]
        if !alternatives.isEmpty { extensions.append("subjectAltName=\(alternatives)") }
        if !usages.isEmpty { extensions.append("extendedKeyUsage=\(usages)") }
        try self.openssl(
            ["req", "-new"] + Self.newKey(isRSA: isRSA) + [
                "-keyout", self.path("\(name).key"), "-out", self.path("\(name).csr"),
                "-subj", "/CN=\(common ?? name)",
            ])
        let list = self.path("\(name).ext")
        try extensions.joined(separator: "\n").write(
            toFile: list, atomically: true, encoding: .utf8)
        try self.openssl([
            "x509", "-req", "-in", self.path("\(name).csr"), "-CA", authority.certificate,
            "-CAkey", authority.key, "-set_serial", "\(UInt32.random(in: 1 ... .max))",
            "-days", "\(days)", "-extfile", list, "-out", self.path("\(name).pem"),
        ])
        return self.files(name)
    }

    /// The files of a certificate that was made here.
    public func files(_ name: String) -> Files {
        Files(certificate: self.path("\(name).pem"), key: self.path("\(name).key"))
    }

    private static func newKey(isRSA: Bool) -> [String] {
        isRSA
            ? ["-newkey", "rsa:2048", "-nodes"]
            : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = output
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(text: String(decoding: text, as: UTF8.self))
        }
    }
}
