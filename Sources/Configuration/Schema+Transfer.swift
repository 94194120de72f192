// SPDX-License-Identifier: Apache-2.0

enum TransferKeys {
    static let refer = Key(
        "refer", .text, .standard("refuse"),
        "REFER of the peer: local (the box calls), pass, or refuse.",
        example: "refuse")
    static let replaces = Key(
        "replaces", .text, .standard("refuse"),
        "Whose calls an INVITE with Replaces takes over: own, any or refuse.",
        example: "refuse")
    static let sendReplaces = Key(
        "send-replaces", .flag, .standard("false"),
        "INVITEs to the peer may have Replaces: a REFER wants it, and the dialog is not ours.",
        example: "false", isRare: true)
    static let events = Key(
        "events", .texts, .described("none"),
        "Unsolicited NOTIFY that passes to the other side: telephone-event, message-summary.",
        example: "[telephone-event, message-summary]", isRare: true)
}
