// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
    ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ("1::", "1::"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
])
func textRoundTrip(text: String, canonical: String) {
    #expect(IPAddress(text)?.description == canonical)
}

@Test(arguments: [
    "", "1.2.3", "1.2.3.", "1.2.3.4.", ".1.2.3.4", "1..2.3", "1.2.3.4.5",
    "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":", ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7",
    "[::1]", "::1%lo",
    "1:2:3:4:5:6:7::8:9", "::1.2.3",
])
func refusesText(text: String) {
    #expect(IPAddress(text) == nil)
}

@Test func networkBytesRoundTrip() {
    let address = IPAddress("2001:db8::42")
    #expect(address.flatMap { IPAddress(networkBytes: $0.networkBytes) } == address)
    #expect(IPAddress(networkBytes: [192, 0, 2, 1])?.description == "192.0.2.1")
    #expect(IPAddress(networkBytes: [1, 2, 3]) == nil)
    #expect(IPAddress("192.0.2.1")?.networkBytes.suffix(6) == [255, 255, 192, 0, 2, 1])
}

@Test(arguments: [
    ("0.0.0.0", false), ("0.255.255.255", false), ("1.0.0.0", true), ("126.255.255.255", true),
    ("127.0.0.0", false), ("127.255.255.255", false), ("128.0.0.0", true),
    ("223.255.255.255", true), ("224.0.0.0", false), ("240.0.0.0", false),
    ("255.255.255.255", false), ("::", false), ("::1", false), ("::2", true),
    ("::ffff:127.0.0.1", false), ("::ffff:192.0.2.1", true), ("fe80::1", true),
    ("2001:db8::1", true), ("ff02::1", false),
])
func whatMediaCanBeSentTo(text: String, expected: Bool) throws {
    #expect(try #require(IPAddress(text)).takesMedia == expected)
}
