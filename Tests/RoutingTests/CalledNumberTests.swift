// SPDX-License-Identifier: Apache-2.0

import Routing
import Testing

@Test(arguments: [
    ("sip:+14255550123@sbc.example.com;user=phone", "+14255550123"),
    ("SIPS:+1-425.555(01)23@192.0.2.1:5061", "+14255550123"),
    ("sip:%2B1425%35@[2001:db8::1]", "+14255"),
    ("sip:+1425;npdi;rn=+1206@example.com", "+1425"),
    ("sip:2000:secret@example.com", "2000"),
    ("tel:+358-555-1234567;postd=pp22", "+3585551234567"),
    ("tel:7042;phone-context=example.com", "7042"),
    ("sip:*21%23@example.com", "*21#"),
    ("sip:a1bD@example.com", "A1BD"),
    ("sip:alice@example.com", ""), ("sip:example.com", ""), ("sip:1+2@example.com", ""),
    ("sip:12%zz@example.com", ""), ("sip:12%@example.com", ""), ("http:12@x", ""),
    ("12", ""), ("", ""), ("sip:+@x", "+"), ("sip:1é@x", ""),
])
func fromRequestURI(uri: String, expected: String) {
    #expect(CalledNumber(requestURI: uri.utf8).description == expected)
}

@Test func longNumbersAreNone() {
    let most = [UInt8](repeating: 0x31, count: CalledNumber.limit)
    #expect(CalledNumber(user: most).bytes.count == CalledNumber.limit)
    #expect(CalledNumber(user: most + [0x31]).bytes.isEmpty)
}

@Test func sliceIndexesDoNotMatter() {
    let bytes = Array("INVITE sip:+12@x SIP/2.0".utf8)
    #expect(CalledNumber(requestURI: bytes[7..<16]).description == "+12")
}
