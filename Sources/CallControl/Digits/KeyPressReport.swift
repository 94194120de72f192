// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a NOTIFY of such a subscription says (RFC 4730 section 6): `application/kpml-response+xml`.
struct KeyPressReport: Equatable {
    /// 200: keys were pressed; others say why there are none.
    let code: Int
    /// Which.
    let keys: [DigitKey]

    static let contentType = "application/kpml-response+xml"
    private static let keysMax = 32

    init(_ body: ArraySlice<UInt8>) throws(DigitFault) {
        guard body.count <= XMLElements.bytesMax else { throw .tooLong }
        guard let root = XMLElements(body)?.elements.first, root.isNamed("kpml-response"),
            let code = root.value("code").flatMap({ ASCII.number($0, limit: 999) })
        else { throw .broken }
        let digits = root.value("digits") ?? []
        guard digits.count <= Self.keysMax else { throw .tooLong }
        var keys: [DigitKey] = []
        for character in digits {
            guard let key = DigitKey(character: character) else { throw .unknownKey }
            keys.append(key)
        }
        self.code = Int(code)
        self.keys = keys
    }

    /// A report of ours; `tag` is the pattern's.
    static func body(_ key: DigitKey?, code: Int, text: String, tag: [UInt8]) -> [UInt8] {
        var body = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n".utf8)
        body += "<kpml-response xmlns=\"urn:ietf:params:xml:ns:kpml-response\"".utf8
        body += " version=\"1.0\" code=\"".utf8 + decimal(UInt32(code)) + "\" text=\"".utf8
        body += text.utf8
        if let key { body += "\" digits=\"".utf8 + [key.character] }
        if !tag.isEmpty { body += "\" tag=\"".utf8 + tag.filter(Self.isPlain) }
        body += "\"/>\r\n".utf8
        return body
    }

    /// What needs no entity.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7f).contains(byte) && !"<>&\"'".utf8.contains(byte)
    }
}
