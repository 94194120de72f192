// SPDX-License-Identifier: Apache-2.0

/// What a call has to know of a called number. In the table it is one word, so that a change is one
/// store: a call sees what was before or what comes after, and nothing in between.
public struct NumberEntry: Sendable, Hashable {
    /// Whose it is. The account may have been removed before its numbers are.
    public var account: AccountIndex
    /// The service that is active for it.
    public var service: Service
    /// The set of trunks that its calls use; nil: as the account says.
    public var trunkSet: TrunkSet?
    /// Index of the contents of its custom header; nil: none.
    var text: Int?

    /// Its calls carry a custom header with contents of its own.
    public var hasCustomHeader: Bool { self.text != nil }

    init(account: AccountIndex, service: Service, trunkSet: TrunkSet?, text: Int?) {
        self.account = account
        self.service = service
        self.trunkSet = trunkSet
        self.text = text
    }

    // MARK: The word
    //
    //   bits  0 to 31  account
    //        32 to 34  service
    //        35 to 36  set: 0 as the account says, 1 plain, 2 bypass
    //        37 to 61  index of the text and 1; 0: none

    /// Indexes of texts are below this.
    static let textsMax = 1 << 25 - 1

    var word: UInt64 {
        let set: UInt64 =
            switch self.trunkSet {
            case nil: 0
            case .plain: 1
            case .bypass: 2
            }
        let text = UInt64(self.text.map { $0 + 1 } ?? 0)
        return UInt64(self.account.value) | self.service.code << 32 | set << 35 | text << 37
    }

    /// Nil for a word that no entry has.
    @inline(__always)
    init?(word: UInt64) {
        guard let service = Service(code: word >> 32 & 7) else { return nil }
        self.account = AccountIndex(UInt32(truncatingIfNeeded: word))
        self.service = service
        switch word >> 35 & 3 {
        case 0: self.trunkSet = nil
        case 1: self.trunkSet = .plain
        case 2: self.trunkSet = .bypass
        default: return nil
        }
        let text = Int(word >> 37 & 0x1ff_ffff)
        self.text = text == 0 ? nil : text - 1
    }
}

extension Service {
    /// Its code in words of tables; below 8.
    var code: UInt64 {
        switch self {
        case .teamsDirectRouting: 0
        case .operatorConnect: 1
        case .teamsPhoneMobile: 2
        case .zoom: 3
        case .acs: 4
        }
    }

    @inline(__always)
    init?(code: UInt64) {
        switch code {
        case 0: self = .teamsDirectRouting
        case 1: self = .operatorConnect
        case 2: self = .teamsPhoneMobile
        case 3: self = .zoom
        case 4: self = .acs
        default: return nil
        }
    }
}
