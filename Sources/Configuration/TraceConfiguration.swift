// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// What is kept of calls, what is taken out of it, and where copies go.
public struct TraceConfiguration: Sendable, Hashable {
    /// Memory for messages and media events, MB; 0: nothing is kept.
    public var memoryMB = 64
    /// Last digits of telephone numbers that are hidden.
    public var hiddenDigits = 0
    /// DTMF digits in INFO bodies are hidden.
    public var hidesDTMF = true
    /// Who may see messages with their secrets, besides root.
    public var rawUsers: [String] = []
    /// Where a copy of each message goes by HEP3 over UDP; nil: nowhere.
    public var collector: SocketAddress?
    /// Our number at the collector.
    public var captureID: UInt32 = 1
    /// Our password at the collector; nil: none.
    public var password: String?

    /// With the defaults.
    public init() {}
}

extension ConfigurationReader {
    func trace(_ section: SectionReader) -> TraceConfiguration? {
        guard let memory = section.integer(TraceKeys.memory),
            let digits = section.integer(TraceKeys.hiddenDigits),
            let captureID = section.integer(TraceKeys.captureID)
        else { return nil }
        var trace = TraceConfiguration()
        trace.memoryMB = memory.value
        trace.hiddenDigits = digits.value
        trace.hidesDTMF = section.flag(TraceKeys.hidesDTMF)
        trace.rawUsers = (section.texts(TraceKeys.rawUsers) ?? []).map(\.value)
        trace.captureID = UInt32(clamping: captureID.value)
        if let text = section.text(TraceKeys.collector) {
            let address = HostPort.parse(text.value, defaultPort: 9060)
            if let address, !address.address.isMulticast, !address.address.isUnspecified {
                trace.collector = address
            } else {
                self.issues.add(
                    text, "\(Shown.value(text.value)) is not the address of one host",
                    "write ADDRESS or ADDRESS:PORT (names are not resolved), IPv6 in brackets")
            }
        }
        if let text = section.text(TraceKeys.password) {
            if !(1...64).contains(text.value.utf8.count) {
                self.issues.add(text, "has not 1 to 64 bytes", "write the collector's password")
            }
            trace.password = text.value
        }
        return trace
    }
}
