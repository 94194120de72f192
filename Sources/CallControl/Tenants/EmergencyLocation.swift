// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Tenancy

/// The number by which an emergency call is known, out of the location in its body (EMG-6). Only
/// read: the body goes on byte for byte.
enum EmergencyLocation {
    /// The first number in an element with this local name, in a body of a location
    /// (`application/pidf+xml`); nil: there is none. What surrounds the number counts for nothing,
    /// and neither does a namespace prefix.
    static func number(in message: SIPMessage, element name: [UInt8]) -> E164? {
        guard !name.isEmpty, let text = self.location(of: message) else { return nil }
        var rest = text
        while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let tag = rest[..<close]
            rest = rest[rest.index(after: close)...]
            guard self.isNamed(tag, name),
                let end = rest.firstIndex(of: UInt8(ascii: "<"))
            else { continue }
            let digits = rest[..<end].filter { (0x30...0x39).contains($0) || $0 == 0x2b }
            if let number = E164(digits) ?? E164(digits: digits) { return number }
        }
        return nil
    }

    private static func location(of message: SIPMessage) -> ArraySlice<UInt8>? {
        guard let type = try? message.contentType() else { return nil }
        guard type.isMultipart else {
            return type.matches("application", "pidf+xml") ? message.body : nil
        }
        guard let body = try? MultipartBody(message.body, type: type) else { return nil }
        let part = body.parts.first { part in
            !part.isEncoded && part.mediaType?.matches("application", "pidf+xml") == true
        }
        return part.map { message.body[$0.content] }
    }

    private static func isNamed(_ tag: ArraySlice<UInt8>, _ name: [UInt8]) -> Bool {
        let qualified = tag.prefix { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d && $0 != 0x0a }
        let local = qualified.split(separator: UInt8(ascii: ":")).last ?? []
        return local.elementsEqual(name)
    }
}
