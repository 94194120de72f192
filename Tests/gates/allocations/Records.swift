// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallRecords
import CallWorld

/// The line of a call that has ended.
func records() throws -> [Operation] {
    let record = CallCourse.record()
    let writer = RecordWriter(node: "edge1")
    var details = CallDetails()
    var quality = MediaQuality()
    quality.packetsIn = 9000
    quality.packetsOut = 8999
    quality.rtcpIn = 36
    quality.mosIn = 441
    quality.mosOut = 441
    quality.roundTripUs = 20_000
    details.a.quality = quality
    details.b.quality = quality
    return [
        Operation("write a record") {
            let line = counted { writer.line(record, details) }
            guard line.count > 500 else { throw Wrong("record") }
        }
    ]
}
