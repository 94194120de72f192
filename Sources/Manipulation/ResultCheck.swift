// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a message that rules made has to fulfil before it goes on.
enum ResultCheck {
    struct Refusal: Error { let fault: RuleFault }

    /// The message, or why it may not be.
    static func check(_ bytes: [UInt8], of original: SIPMessage) -> Result<SIPMessage, Refusal> {
        let message: SIPMessage
        do throws(SIPParseError) {
            message = try SIPMessage.parse(bytes, framing: .stream)
        } catch {
            return self.refuse(.invalid(FaultTable.verdict(error, octets: bytes).reason))
        }
        let verdict = message.examine()
        guard verdict == .accept else { return self.refuse(.invalid(verdict.reason)) }
        for name in ProtectedParts.headers where name != .contentLength {
            guard original.lines(name).elementsEqual(message.lines(name), by: { $0 == $1 }) else {
                return self.refuse(.protected(name.description))
            }
        }
        for name in ProtectedParts.wholeHeaders {
            guard self.tag(name, original) == self.tag(name, message) else {
                return self.refuse(.protected("the tag of \(name)"))
            }
        }
        guard DescriptionDraft(original)?.protected == DescriptionDraft(message)?.protected else {
            return self.refuse(.protected("a line of the description"))
        }
        if message.first(.identity) != nil, self.numbers(original) != self.numbers(message) {
            return self.refuse(.signedNumber)
        }
        return .success(message)
    }

    private static func refuse(_ fault: RuleFault) -> Result<SIPMessage, Refusal> {
        .failure(Refusal(fault: fault))
    }

    private static func tag(_ name: HeaderName, _ message: SIPMessage) -> [UInt8]? {
        message.first(name).flatMap { try? NameAddr($0) }?.tag.map { Array($0) }
    }

    /// Who calls whom, as a signature sees it.
    private static func numbers(_ message: SIPMessage) -> [[UInt8]] {
        [HeaderName.from, .pAssertedIdentity, .to].flatMap { name in
            message.all(name).map { value -> [UInt8] in
                guard let uri = (try? NameAddr(value))?.uri,
                    let range = AddressLocation(.user, inURI: uri)?.range
                else { return [] }
                return Array(uri[range])
            }
        }
    }
}
