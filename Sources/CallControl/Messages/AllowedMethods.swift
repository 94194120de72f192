// SPDX-License-Identifier: Apache-2.0

/// The value of Allow: what the box serves, for each trunk by its policies. Peers choose by it how
/// they go about things: Microsoft Teams sends REFER where it is listed, and else calls the new
/// party itself.
enum AllowedMethods {
    private static let always = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY"
    private static let plain = Array(always.utf8)
    private static let withRefer = Array((always + ", REFER").utf8)

    /// For a trunk; nil: one that nobody knows.
    static func value(_ trunk: TrunkSettings?) -> [UInt8] {
        let methods = trunk?.transfer.refer ?? .refuse == .refuse ? self.plain : self.withRefer
        return trunk?.digits?.send == .kpml ? methods + Array(", SUBSCRIBE".utf8) : methods
    }

    /// The same in a call whose other party does not take INFO.
    static func withoutInfo(_ trunk: TrunkSettings) -> [UInt8] {
        let methods = self.value(trunk).split(separator: UInt8(ascii: ","))
        return Array(methods.filter { !$0.elementsEqual(" INFO".utf8) }.joined(separator: [0x2c]))
    }
}
