// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Glibc

/// The control plane's own file: mapped for writing, locked against a second owner, released when
/// the last user lets go.
public final class ControlFile {
    /// Where it is.
    public let path: String
    /// What it is dimensioned for: what the fast path's file is.
    public let geometry: Geometry
    private(set) var map: tl_map
    let layout: tl_layout

    /// Takes over the file at `path`, or makes one, for the given geometry. From here on the file
    /// carries a new incarnation (step 1 of the handshake).
    public init(owning path: String, geometry: Geometry, mode: UInt32) throws(FileRefusal) {
        var map = tl_map()
        var layout = tl_layout()
        var shared = geometry.shared
        var kept: Int32 = 0
        let result = tl_file_own(
            path, UInt64(TL_MAGIC_CONTROL), &shared, mode, &map, &layout, &kept)
        guard result == TL_FILE_OK else {
            throw FileRefusal(code: result, systemError: result == TL_FILE_SYSTEM ? errno : 0)
        }
        self.path = path
        self.map = map
        self.layout = layout
        self.geometry = geometry
    }

    deinit { tl_file_unmap(&self.map) }

    private var header: UnsafeMutablePointer<tl_file_header> {
        self.map.base.assumingMemoryBound(to: tl_file_header.self)
    }

    /// Of this process.
    public var incarnation: UInt64 { tl_header_incarnation(self.header) }

    /// Step 2 of the handshake: no ring end of the old incarnation is in use any more. Resets the
    /// ring ends and says for which incarnation of the fast path.
    public func reset(for incarnation: UInt64) {
        self.withdraw()
        var layout = self.layout
        tl_file_reset_rings(&self.map, &layout)
        tl_header_set_peer(self.header, incarnation)
    }

    /// Says that no ring may be used.
    public func withdraw() {
        tl_header_set_peer(self.header, 0)
    }

    /// True while the incarnations are crosswise equal, and rings may be used.
    public func isMatched(with peer: FastPathFile) -> Bool {
        withUnsafePointer(to: peer.map) { tl_file_matched(&self.map, $0) != 0 }
    }

    /// A sign of life; `nowNs` is CLOCK_MONOTONIC.
    public func beat(nowNs: UInt64) { tl_header_beat(self.header, nowNs) }

    /// Tells the fast path what this process does.
    public func setState(_ state: ProcessState) { tl_header_set_state(self.header, state.value) }

    /// An element of a section of this side's file; `index` is below its count.
    func element(_ section: tl_section, _ index: Int) -> UnsafeMutableRawPointer {
        self.map.base + Int(section.offset_bytes) + index * Int(section.stride_bytes)
    }
}
