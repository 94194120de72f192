// SPDX-License-Identifier: Apache-2.0

internal import CUV

/// Why the operating system refused something. Equality looks at the code only.
public struct TransportError: Error, Equatable, CustomStringConvertible {
    /// What was tried, and on what: "bind 198.18.1.1:5060".
    public let operation: String
    /// The negative errno, or libuv's own code.
    public let code: Int32

    /// From a failed call.
    public init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// "bind 198.18.1.1:5060: address already in use (EADDRINUSE)".
    public var description: String {
        "\(self.operation): \(self.reason)"
    }

    /// The system's words and the name of the code.
    public var reason: String {
        var text = [CChar](repeating: 0, count: 128)
        var name = [CChar](repeating: 0, count: 32)
        uv_strerror_r(self.code, &text, text.count)
        uv_err_name_r(self.code, &name, name.count)
        return "\(Self.string(text)) (\(Self.string(name)))"
    }

    public static func == (left: TransportError, right: TransportError) -> Bool {
        left.code == right.code
    }

    private static func string(_ characters: [CChar]) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Nil for success (zero or a count), else the error.
    static func check(_ code: Int32, _ operation: @autoclosure () -> String) -> TransportError? {
        code < 0 ? TransportError(operation(), code: code) : nil
    }
}
