// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for what passes between it and the other leg of a call.
enum InterworkingKeys {
    static let all = [
        multipart, offer, hold, codecOrder, answerCodecs, ptime, earlyMedia, ringing, earlyDialogs,
        callProgress, passTermination, earlyMediaGate, trusted, identityFrom, signatures,
        signedNumbers, diversion, diversionsMax, numbers, countryCode, nationalPrefix,
        internationalPrefix, numberURIs, uriParameters, passHeaders, sbcHeader,
    ]

    static let multipart = Key(
        "multipart", .text, .standard("pass"),
        "Other parts of a body beside SDP (locations): pass, or strip for peers without multipart.",
        example: "pass", isRare: true)
    static let offer = Key(
        "offer", .text, .standard("as-is"),
        "early: calls to it always have an offer, made here if the caller makes none. Or as-is.",
        example: "as-is", isRare: true)
    static let hold = Key(
        "hold", .text, .standard("as-is"),
        "How it is told of hold: as-is, inactive (whatever the other side says) or sendonly.",
        example: "as-is", isRare: true)
    static let codecOrder = Key(
        "codec-order", .text, .standard("offered"),
        "Order of codecs in offers to it: offered (the other side's) or listed (of codecs).",
        example: "offered", isRare: true)
    static let answerCodecs = Key(
        "answer-codecs", .text, .standard("all"),
        "Codecs in answers to it: all in common, or one with telephone-event and CN.",
        example: "all", isRare: true)
    static let ptime = Key(
        "ptime-ms", .integer(1...200), .described("what the other side says"), unit: "ms",
        "Packet time that it is asked for; packets are relayed as they are.", example: "20",
        isRare: true)
    static let earlyMedia = Key(
        "early-media", .text, .standard("relay"),
        "Media before the answer, for its callers: relay, suppress, or convert (183 to 180 too).",
        example: "relay", isRare: true)
    static let ringing = Key(
        "ringing", .text, .standard("as-is"),
        "strict: its callers get 180 never with SDP (but 183), 183 never without (but 180).",
        example: "as-is", isRare: true)
    static let earlyDialogs = Key(
        "early-dialogs", .text, .standard("each"),
        "Branches of a fork, for its callers: each with a To tag of its own, or all with one.",
        example: "each", isRare: true)
    static let callProgress = Key(
        "call-progress", .text, .standard("pass"),
        "181 and 182, for its callers: pass, ring (as 180) or drop.", example: "pass",
        isRare: true)
    static let passTermination = Key(
        "pass-199", .flag, .standard("false"),
        "199 goes to those of its callers that support it.", example: "false", isRare: true)
    static let earlyMediaGate = Key(
        "early-media-gate", .flag, .standard("false"),
        "P-Early-Media in its responses says which way media flows before the answer.",
        example: "false", isRare: true)
    static let trusted = Key(
        "trusted", .flag, .standard("true"),
        "Its P-Asserted-Identity is believed, and it learns who calls even if that is private.",
        example: "true", isRare: true)
    static let identityFrom = Key(
        "identity-from", .texts, .described("P-Asserted-Identity as it comes"),
        "Its header fields that one P-Asserted-Identity is made from; the first that is there.",
        example: "[P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID, From]",
        isRare: true)
    static let signatures = Key(
        "signatures", .text, .standard("pass"),
        "Identity and its Date on calls to it: pass byte for byte, or drop.", example: "pass",
        isRare: true)
    static let signedNumbers = Key(
        "signed-numbers", .text, .standard("keep-number"),
        "Where its number format would change a signed number: keep-number or drop-identity.",
        example: "keep-number", isRare: true)
    static let diversion = Key(
        "diversion", .text, .standard("as-is"),
        "How it is told of diversions: as-is, diversion, history-info, both or drop.",
        example: "as-is", isRare: true)
    static let diversionsMax = Key(
        "max-diversions", .integer(1...100), .standard("20"), unit: "entries",
        "Diversion or History-Info entries of a call from it; one with more gets 482.",
        example: "20", isRare: true)
    static let numbers = Key(
        "numbers", .text, .standard("as-is"),
        "How it writes numbers: as-is, e164 (+CC...), plain (CC...) or national (as dialled).",
        example: "as-is", isRare: true)
    static let countryCode = Key(
        "country-code", .text, .described("none"), unit: "digits",
        "Country of its national numbers.", example: "\"49\"", isRare: true)
    static let nationalPrefix = Key(
        "national-prefix", .text, .described("none"), unit: "digits",
        "What stands before its national numbers.", example: "\"0\"", isRare: true)
    static let internationalPrefix = Key(
        "international-prefix", .text, .standard("\"00\""), unit: "digits",
        "What stands before its numbers of other countries.", example: "\"00\"", isRare: true)
    static let numberURIs = Key(
        "number-uris", .text, .standard("as-is"),
        "URIs with a number in international form to it: as-is, or user-phone (;user=phone).",
        example: "as-is", isRare: true)
    static let uriParameters = Key(
        "uri-parameters", .text, .standard("known"),
        "Request-URI parameters on calls to it: known (of the number), all or none.",
        example: "known", isRare: true)
    static let passHeaders = Key(
        "pass-headers", .texts, .described("those of the table in the manual"),
        "Further header fields of its messages that pass to the other side, NAME or BEGINNING*.",
        example: "[X-MS-*, X-Trace-ID]", isRare: true)
    static let sbcHeader = Key(
        "x-ms-sbc", .text, .described("none is sent"),
        "Value of X-MS-SBC in INVITEs to it and in responses to its own.",
        example: "\"Trunkline/Trunkline/0.1\"", isRare: true)
}
