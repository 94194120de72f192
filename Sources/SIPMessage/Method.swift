// SPDX-License-Identifier: Apache-2.0

/// A method: case-sensitive (RFC 3261 section 7.1); unknown ones are kept.
public struct Method: Sendable, Hashable {
    private enum Code: UInt8 {
        case other, invite, ack, bye, cancel, options, register, prack, update, info
        case subscribe, notify, refer, message, publish
    }

    private let code: Code
    /// Empty for a method of the list above.
    private let other: [UInt8]

    private init(_ code: Code) {
        self.code = code
        self.other = []
    }

    /// From its octets as received; whether they are a token is the parser's to check.
    public init(bytes: some Collection<UInt8>) {
        let count = bytes.count
        let known = Self.all.first {
            let literal = $0.literal
            return literal.utf8CodeUnitCount == count
                && literal.withUTF8Buffer { $0.elementsEqual(bytes) }
        }
        if let known {
            self = known
        } else {
            self.code = .other
            self.other = Array(bytes)
        }
    }

    /// RFC 3261.
    public static let invite = Method(.invite)
    /// RFC 3261.
    public static let ack = Method(.ack)
    /// RFC 3261.
    public static let bye = Method(.bye)
    /// RFC 3261.
    public static let cancel = Method(.cancel)
    /// RFC 3261.
    public static let options = Method(.options)
    /// RFC 3261.
    public static let register = Method(.register)
    /// RFC 3262.
    public static let prack = Method(.prack)
    /// RFC 3311.
    public static let update = Method(.update)
    /// RFC 6086.
    public static let info = Method(.info)
    /// RFC 6665.
    public static let subscribe = Method(.subscribe)
    /// RFC 6665.
    public static let notify = Method(.notify)
    /// RFC 3515.
    public static let refer = Method(.refer)
    /// RFC 3428.
    public static let message = Method(.message)
    /// RFC 3903.
    public static let publish = Method(.publish)

    /// Every method that has a name here.
    public static let all: [Method] = [
        .invite, .ack, .bye, .cancel, .options, .register, .prack, .update, .info, .subscribe,
        .notify, .refer, .message, .publish,
    ]

    /// False for a method that no RFC known to this module defines.
    public var isKnown: Bool { self.code != .other }

    /// The octets as they go on the wire.
    public var bytes: [UInt8] { self.code == .other ? self.other : self.literal.octets }

    private var literal: StaticString {
        switch self.code {
        case .invite: "INVITE"
        case .ack: "ACK"
        case .bye: "BYE"
        case .cancel: "CANCEL"
        case .options: "OPTIONS"
        case .register: "REGISTER"
        case .prack: "PRACK"
        case .update: "UPDATE"
        case .info: "INFO"
        case .subscribe: "SUBSCRIBE"
        case .notify: "NOTIFY"
        case .refer: "REFER"
        case .message: "MESSAGE"
        case .publish: "PUBLISH"
        case .other: ""
        }
    }
}

extension Method: CustomStringConvertible {
    /// The method as text, for logs; octets that are not UTF-8 are replaced.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }
}
