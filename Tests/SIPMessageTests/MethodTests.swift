// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Methods")
struct MethodTests {
    @Test("Case matters (RFC 3261 section 7.1)")
    func caseSensitive() {
        #expect(Method(bytes: "INVITE".utf8) == .invite)
        #expect(Method(bytes: "invite".utf8) != .invite)
        #expect(Method(bytes: "invite".utf8).bytes == Array("invite".utf8))
        #expect(!Method(bytes: "NEWMETHOD".utf8).isKnown)
        #expect(Set(Method.all).count == 14)
    }
}
