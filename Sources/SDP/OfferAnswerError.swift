// SPDX-License-Identifier: Apache-2.0

/// Why an offer cannot be taken or an answer does not serve. For a request the caller answers 488
/// with a Warning (RFC 3261 sections 21.4.26 and 20.43) of `warningCode` and `text`; `outOfTurn`
/// is 491 or 500 (RFC 3261 section 14.2). The leg stays as it was.
public enum OfferAnswerError: Error, Sendable, Hashable {
    /// No audio, or nothing that can be read.
    case noAudio
    /// The transport is none of RTP and SRTP.
    case notRTP
    /// The media address would have to be resolved.
    case hostName
    /// No unicast address and port.
    case noAddress
    /// IPv4 against IPv6.
    case wrongFamily
    /// Nothing to talk with.
    case noCommonCodec
    /// No suite, fingerprint or plain RTP that both allow; it says what either side has.
    case noCommonSecurity(SecurityMismatch)
    /// The party insists on rtcp-mux (RFC 8858), which the trunk has off.
    case muxedRTCPOnly
    /// `OfferAnswerLeg.needsSecrets` was true: a fault of ours.
    case secretsMissing
    /// Port 0.
    case refused
    /// The answer has another shape than the offer.
    case answerMismatch
    /// Another offer is open, or none is.
    case outOfTurn

    /// The text for the Warning header field; safe inside a quoted string.
    public var text: String {
        switch self {
        case .noAudio: "no audio stream is offered"
        case .notRTP: "the audio streams are not RTP"
        case .hostName: "the media address is a host name"
        case .noAddress: "no unicast media address and port"
        case .wrongFamily: "the media address is of another IP version than ours"
        case .noCommonCodec: "no codec in common"
        case .noCommonSecurity(let mismatch): "no media security in common: \(mismatch.text)"
        case .muxedRTCPOnly: "RTCP on the port of RTP is not available"
        case .secretsMissing: "no keys for the media"
        case .refused: "the audio stream was refused"
        case .answerMismatch: "the answer does not fit the offer"
        case .outOfTurn: "another offer is open, or none is"
        }
    }

    /// The code for the Warning header field. A suite is neither a media type (304) nor a format
    /// (305), so what to do about it stands in the text alone (399).
    public var warningCode: Int {
        switch self {
        case .noAudio, .refused: 304
        case .notRTP: 302
        case .hostName, .noAddress: 301
        case .wrongFamily: 300
        case .noCommonCodec: 305
        case .noCommonSecurity, .muxedRTCPOnly, .secretsMissing: 399
        case .answerMismatch, .outOfTurn: 399
        }
    }
}
