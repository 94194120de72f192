// SPDX-License-Identifier: Apache-2.0

// What nearly every description says: made once, so that what is kept of a description does not
// keep all of its bytes, and what we write is not made anew each time.
extension SDPText {
    static let zero: SDPText = "0"
    static let dash: SDPText = "-"
    static let internet: SDPText = "IN"
    static let ip4: SDPText = "IP4"
    static let ip6: SDPText = "IP6"
    static let audio: SDPText = "audio"
    static let plainRTP: SDPText = "RTP/AVP"
    static let rtpmap: SDPText = "rtpmap"
    static let fmtp: SDPText = "fmtp"
    static let ptime: SDPText = "ptime"
    static let sendrecv: SDPText = "sendrecv"
    static let sendonly: SDPText = "sendonly"
    static let recvonly: SDPText = "recvonly"
    static let inactive: SDPText = "inactive"

    /// A payload type in digits.
    init(payloadType: UInt8) {
        self = Int(payloadType) < Self.numbers.count
            ? Self.numbers[Int(payloadType)] : SDPText(payloadType)
    }

    private static let numbers = (UInt8(0)...127).map { SDPText($0) }

    private static let words: [SDPText] = [
        "PCMU", "PCMA", "G722", "G729", "opus", "CN", "telephone-event", "0-15", "0-16",
        "annexb=no", .audio, .plainRTP, "RTP/SAVP", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF",
    ]

    /// The same text; that made once, if it is one of these.
    var known: SDPText {
        if let number = self.number(upTo: 127), Self.numbers[Int(number)] == self {
            return Self.numbers[Int(number)]
        }
        return Self.words.first { $0 == self } ?? self
    }
}
