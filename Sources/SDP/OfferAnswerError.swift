// SPDX-License-Identifier: Apache-2.0

/// Why an offer cannot be taken or an answer does not serve. For a request the caller answers 488
/// with a Warning (RFC 3261 sections 21.4.26 and 20.43); `outOfTurn` is 491 or 500 (RFC 3261
/// section 14.2). The leg stays as it was.
public enum OfferAnswerError: String, Error, Sendable, Hashable, CaseIterable {
    case noAudio = "no audio stream is offered"
    case notPlainRTP = "the audio streams are not RTP/AVP or RTP/AVPF"
    case hostName = "the media address is a host name"
    case noAddress = "no unicast media address and port"
    case wrongFamily = "the media address is of another IP version than ours"
    case noCommonCodec = "no codec in common"
    case refused = "the audio stream was refused"
    case answerMismatch = "the answer does not fit the offer"
    case outOfTurn = "another offer is open, or none is"

    /// The code for the Warning header field.
    public var warningCode: Int {
        switch self {
        case .noAudio, .refused: 304
        case .notPlainRTP: 302
        case .hostName, .noAddress: 301
        case .wrongFamily: 300
        case .noCommonCodec: 305
        case .answerMismatch, .outOfTurn: 399
        }
    }
}
