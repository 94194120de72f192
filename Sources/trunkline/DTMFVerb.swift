// SPDX-License-Identifier: Apache-2.0

import DigitReading
import Management

extension Verb {
    static let dtmf = Verb(
        name: "dtmf", operands: "FILE...",
        summary: "digits in recordings and captures, as the fast path would find them",
        details: """
            Reads WAV recordings (PCM, A-law or mu-law, any rate) and captures (pcap, pcapng), and
            prints each digit with where it begins, how long it lasts, and its level; of a tone also
            the twist: how many dB its high frequency is above its low one. The detectors are those
            of the fast path: what it finds here it finds in a call.

            In a capture every RTP stream is read by itself: tones in PCMU, PCMA and G722, and
            telephone-events (RFC 4733). SRTP cannot be read. A digit that a party sends in both
            forms at once stands twice.
            With --json an array: {file, digits, events: [{digit, form, start_ms, duration_ms,
            level_dbm0, twist_db, stream}]}.
            Times are from the recording's, or the capture's, beginning. A file that cannot be read
            is named on standard error; the others are read all the same.
            Exit status: 0; 1 if a file has no digit at all; 2 if one cannot be read.
            """,
        options: [
            Option(name: "channel", value: "N", help: "of a recording, from 0 on (all, mixed)"),
            Option(
                name: "event-type", value: "N",
                help: "payload type of telephone-events (dynamic ones of four octets)"),
            Option(name: "event-clock", value: "HZ", help: "their RTP clock (8000)"),
        ]
    ) { (arguments) throws(Failure) in
        let files = try arguments.operands(1...1000, "FILE...")
        var options = DigitReading.Options()
        options.channel = try arguments.number("channel", 0...15)
        options.eventType = try arguments.number("event-type", 0...127).map { UInt8($0) }
        options.eventClockHz = try arguments.number("event-clock", 8000...192_000) ?? 8000
        var results: [(file: String, digits: [FoundDigit])] = []
        var faults: [Failure] = []
        for file in files {
            do throws(Failure) {
                results.append((file, try Self.read(file, options)))
            } catch {
                faults.append(error)
            }
        }
        if arguments.wantsJSON {
            Terminal.print(.array(results.map { Self.json($0.file, $0.digits) }))
        } else {
            for (place, result) in results.enumerated() {
                if place > 0 { Terminal.print("") }
                Terminal.print(Self.text(result.file, result.digits))
            }
        }
        if let first = faults.first {
            throw Failure(status: first.status, text: faults.map(\.text).joined(separator: "\n"))
        }
        return results.contains { $0.digits.isEmpty } ? .no : .ok
    }

    private static func read(
        _ file: String, _ options: DigitReading.Options
    ) throws(Failure) -> [FoundDigit] {
        let bytes = try Files.read(file, limit: Self.recordingBytesMax)
        guard !bytes.isEmpty else { throw .usage("\(file): is empty") }
        do throws(RecordingError) {
            return try DigitReading.read(bytes, options)
        } catch {
            throw .usage("\(file): \(error)")
        }
    }

    private static let recordingBytesMax = 1 << 28

    private static func text(_ file: String, _ digits: [FoundDigit]) -> String {
        guard !digits.isEmpty else { return "\(file): no digit" }
        var table = Table(
            columns: ["digit", "form", "start s", "ms", "dBm0", "twist dB", "stream"])
        for digit in digits {
            table.add([
                digit.name, digit.form.rawValue, Self.seconds(digit.startMs),
                "\(digit.durationMs)", "\(digit.level)", digit.twist.map { "\($0)" } ?? "-",
                digit.stream ?? "-",
            ])
        }
        return "\(file): \(FoundDigit.text(digits))\n\(table.text)"
    }

    /// With three digits behind the point.
    private static func seconds(_ ms: Double) -> String {
        let whole = Int(max(0, ms).rounded())
        let part = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - part.count) + part
    }

    private static func json(_ file: String, _ digits: [FoundDigit]) -> JSONValue {
        [
            "file": .string(file), "digits": .string(FoundDigit.text(digits)),
            "events": .array(
                digits.map { digit in
                    var event: JSONObject = [
                        "digit": .string(digit.name), "form": .string(digit.form.rawValue),
                        "start_ms": .number((digit.startMs * 10).rounded() / 10),
                        "duration_ms": JSONValue(digit.durationMs),
                        "level_dbm0": JSONValue(digit.level),
                    ]
                    if let twist = digit.twist { event["twist_db"] = JSONValue(twist) }
                    if let stream = digit.stream { event["stream"] = .string(stream) }
                    return .object(event)
                }),
        ]
    }
}
