// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import Testing

/// A look into the fast path's file from outside.
final class FlowFile {
    private var map = tl_map()
    private var layout = tl_layout()

    init(_ path: String) throws {
        try #require(
            tl_file_attach(path, 0x3148_5441_5046_4c54, &self.map, &self.layout) == TL_FILE_OK)
    }

    deinit { tl_file_unmap(&self.map) }

    func liveFlows() -> [UInt32: tl_flow_record] {
        var flows: [UInt32: tl_flow_record] = [:]
        for index in 0..<self.layout.records.count {
            var record = tl_flow_record()
            if tl_record_read(&self.map, &self.layout, UInt64(index), &record) == 1,
                record.state == TL_RECORD_LIVE
            {
                flows[index] = record
            }
        }
        return flows
    }
}
