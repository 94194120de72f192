// SPDX-License-Identifier: Apache-2.0

/// A session description in a line for each stream: "198.51.100.2:40000 PCMU,PCMA sendrecv". It
/// reads what it can: a wrong description is what one wants to see.
enum SDPNote {
    /// Names of static payload types (RFC 3551 section 6).
    private static let names = [
        "0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "13": "CN", "18": "G729",
    ]
    private static let codecsMax = 3
    private static let streamsMax = 4

    private struct Stream {
        var port: String
        var profile: String
        var formats: [String]
        var connection: String?
        var direction: String?
        var names: [String: String] = [:]
    }

    static func notes(_ lines: [String]) -> [String] {
        var connection: String?
        var direction: String?
        var streams: [Stream] = []
        for line in lines {
            let value = String(line.dropFirst(2))
            if line.hasPrefix("m=") {
                guard streams.count < self.streamsMax else { break }
                let words = value.split(separator: " ").map(String.init)
                guard words.count >= 3 else { continue }
                streams.append(
                    Stream(
                        port: words[1], profile: words[2], formats: Array(words.dropFirst(3))))
            } else if line.hasPrefix("c=") {
                let address = value.split(separator: " ").last.map(String.init)
                if streams.isEmpty { connection = address } else {
                    streams[streams.count - 1].connection = address
                }
            } else if ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"].contains(line) {
                let word = String(value)
                if streams.isEmpty { direction = word } else {
                    streams[streams.count - 1].direction = word
                }
            } else if line.hasPrefix("a=rtpmap:"), !streams.isEmpty {
                let words = value.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard words.count == 2 else { continue }
                streams[streams.count - 1].names[String(words[0])] =
                    words[1].split(separator: "/").first.map(String.init)
            }
        }
        return streams.map { self.note($0, connection, direction) }
    }

    private static func note(
        _ stream: Stream, _ connection: String?, _ direction: String?
    ) -> String {
        let host = stream.connection ?? connection ?? "?"
        let shown = host.utf8.contains(0x3a) ? "[\(host)]" : host
        let codecs = stream.formats.map { stream.names[$0] ?? self.names[$0] ?? $0 }
        var text = codecs.prefix(self.codecsMax).joined(separator: ",")
        if codecs.count > self.codecsMax { text += ",.." }
        let isPlain = stream.profile == "RTP/AVP"
        let words = [
            "\(shown):\(stream.port)", text, stream.direction ?? direction ?? "sendrecv",
            isPlain ? "" : stream.profile,
        ]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
