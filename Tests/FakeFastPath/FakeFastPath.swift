// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import CallControl
import Glibc
import NetworkAddress

/// The fast path's side in the caller's own thread: one worker, every step on request.
public final class FakeFastPath {
    /// Why there is none.
    public enum Fault: Error { case file, handshake }

    /// Where its file stands.
    public let directory: String
    private var map = tl_map()
    private var layout = tl_layout()
    private var control = tl_map()
    private var controlLayout = tl_layout()
    private var commandCursor: UInt32 = 0
    private var eventCursor: UInt32 = 0
    private var packetCursor: UInt32 = 0
    /// What it answers to the next commands, else ok.
    var refusals: [Int32] = []
    /// What the live flows are, by index.
    private(set) var specs: [UInt32: tl_flow_spec] = [:]
    /// How the live flows take and send digits, by index.
    private(set) var dtmf: [UInt32: tl_flow_dtmf] = [:]
    /// The digits that they were given to send.
    private(set) var digits: [UInt32: [UInt8]] = [:]
    /// The commands that it took.
    private(set) var taken: [tl_command] = []

    /// Makes its file, with room for so many flows.
    public init(flows: UInt32 = 8) throws {
        let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var name = Array("\(root)/trunkline-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw Fault.file }
        self.directory = name.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? root
        }
        var geometry = tl_geometry(
            worker_count: 1, shard_count: 1, flows_per_worker: flows, command_slots: 4,
            event_slots: 4, packet_slots: 2, realm_count: 2, address_count: 2,
            cursor_start: 0xffff_fffd)
        var kept: Int32 = 0
        let status = tl_file_own(
            self.directory + "/fastpath.shm", UInt64(TL_MAGIC_FASTPATH), &geometry, 0o600,
            &self.map, &self.layout, &kept)
        guard status == TL_FILE_OK else { throw Fault.file }
        for index in 0..<2 as Range<UInt64> {
            var realm = tl_realm_page()
            (realm.port_first, realm.port_last, realm.dscp) = (20_000, 20_999, 46)
            tl_section_at(&self.map, &self.layout.realms, index)
                .storeBytes(of: realm, as: tl_realm_page.self)
            var address = tl_address_page()
            address.realm_index = UInt16(index)
            withUnsafeMutableBytes(of: &address.address) {
                $0.copyBytes(from: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0])
                $0[15] = UInt8(index)
            }
            tl_section_at(&self.map, &self.layout.addresses, index)
                .storeBytes(of: address, as: tl_address_page.self)
        }
    }

    deinit {
        tl_file_unmap(&self.control)
        tl_file_unmap(&self.map)
        for file in ["fastpath.shm", "control.shm", "second.shm"] {
            unlink("\(self.directory)/\(file)")
            unlink("\(self.directory)/\(file).lock")
        }
        rmdir(self.directory)
    }

    private var header: UnsafeMutablePointer<tl_file_header> {
        self.map.base.assumingMemoryBound(to: tl_file_header.self)
    }

    private func element(_ section: tl_section, _ index: Int) -> UnsafeMutableRawPointer {
        self.map.base + Int(section.offset_bytes) + index * Int(section.stride_bytes)
    }

    func record(_ index: Int) -> UnsafeMutablePointer<tl_flow_record> {
        self.element(self.layout.records, index).assumingMemoryBound(to: tl_flow_record.self)
    }

    var live: [UInt32] {
        (0..<self.layout.records.count).filter { self.record(Int($0)).pointee.state == 1 }
    }

    /// Another process of the fast path; the records stay.
    func restart() {
        self.header.pointee.peer_incarnation = 0
        self.header.pointee.incarnation &+= 1
        tl_file_reset_rings(&self.map, &self.layout)
        self.specs = [:]
        self.dtmf = [:]
        self.digits = [:]
        for index in 0..<Int(self.layout.records.count) {
            guard self.record(index).pointee.state == TL_RECORD_LIVE else { continue }
            self.record(index).pointee.state = TL_RECORD_LEFT
        }
    }

    /// Attaches and answers the handshake.
    public func shakeHands() throws {
        tl_file_unmap(&self.control)
        let status = tl_file_attach(
            self.directory + "/control.shm", UInt64(TL_MAGIC_CONTROL), &self.control,
            &self.controlLayout)
        guard status == TL_FILE_OK else { throw Fault.handshake }
        tl_file_reset_rings(&self.map, &self.layout)
        self.commandCursor = self.layout.geometry.cursor_start
        self.eventCursor = self.commandCursor
        self.packetCursor = self.commandCursor
        let theirs = self.control.base.assumingMemoryBound(to: tl_file_header.self)
        tl_header_set_peer(self.header, theirs.pointee.incarnation)
    }

    /// Takes what is in the command ring, or the first of it.
    public func work(most: Int = .max) {
        let channel = tl_section_at(&self.control, &self.controlLayout.channels, 0)
        let produced = channel?.load(as: UInt32.self) ?? 0
        var left = most
        while self.commandCursor != produced, left > 0 {
            left -= 1
            var command = tl_command()
            tl_command_read(
                &self.control, &self.controlLayout, UInt64(self.commandCursor % 4), &command)
            self.taken.append(command)
            var event = tl_event()
            event.kind = TL_EVENT_ANSWER
            event.sequence = command.sequence
            event.status = self.refusals.isEmpty ? TL_STATUS_OK : self.refusals.removeFirst()
            if event.status == TL_STATUS_OK { event.status = self.execute(command) }
            self.put(event)
            self.commandCursor &+= 1
            self.element(self.layout.channels, 0).storeBytes(
                of: self.commandCursor, as: UInt32.self)
        }
    }

    /// Drops what was noted of commands.
    public func forget() { self.taken = [] }

    private func execute(_ command: tl_command) -> Int32 {
        let record = self.record(Int(command.flow_index))
        switch command.operation {
        case TL_OP_ADD:
            if record.pointee.state == TL_RECORD_LIVE { return TL_STATUS_EXISTS }
            let isSame = record.pointee.generation == command.generation
            let takesUp =
                isSame && record.pointee.state == TL_RECORD_LEFT
                && record.pointee.key_id == command.spec.key_id
            if command.spec.key_id != 0, !takesUp { return TL_STATUS_KEYS_USED }
            if isSame, record.pointee.state != TL_RECORD_LEFT { return TL_STATUS_BAD_GENERATION }
            if let status = self.conflict(command) { return status }
            self.specs[command.flow_index] = command.spec
            if !takesUp {
                record.pointee.key_id = 0
                record.pointee.egress_index = UInt64(command.spec.initial_sequence)
            }
            record.pointee.generation = command.generation
            record.pointee.egress_ssrc = command.spec.ssrc
            record.pointee.local_port = command.spec.local_port
            record.pointee.address_index = command.spec.address_index
            record.pointee.state = TL_RECORD_LIVE
        case TL_OP_REMOVE:
            if record.pointee.state != TL_RECORD_LIVE { return TL_STATUS_NOT_FOUND }
            record.pointee.state = TL_RECORD_FREE
            self.specs[command.flow_index] = nil
            self.dtmf[command.flow_index] = nil
        case TL_OP_DTMF:
            if record.pointee.generation != command.generation { return TL_STATUS_STALE }
            self.dtmf[command.flow_index] = Self.body(command)
        case TL_OP_DIGITS:
            if record.pointee.generation != command.generation { return TL_STATUS_STALE }
            let digits: tl_flow_digits = Self.body(command)
            if self.dtmf[command.flow_index]?.send ?? 0 == 0 { return TL_STATUS_BAD_DTMF }
            self.digits[command.flow_index, default: []] += withUnsafeBytes(of: digits.events) {
                Array($0.prefix(Int(digits.count)))
            }
        case TL_OP_KEYS:
            if record.pointee.generation != command.generation { return TL_STATUS_STALE }
            let keyID = Self.keyID(command)
            if record.pointee.key_id == keyID { return TL_STATUS_OK }
            record.pointee.key_id = keyID
            record.pointee.egress_index &= 0xffff
        case TL_OP_MODIFY:
            if record.pointee.generation != command.generation { return TL_STATUS_STALE }
            if let status = self.conflict(command) { return status }
            self.specs[command.flow_index] = command.spec
        default:
            if record.pointee.generation != command.generation { return TL_STATUS_STALE }
        }
        return TL_STATUS_OK
    }

    /// Flows on a shared port all have its flag, and each without ICE a remote party of its own.
    private func conflict(_ command: tl_command) -> Int32? {
        let spec = command.spec
        let isShared = spec.flags & TL_FLOW_SHARED != 0
        if isShared, spec.flags & (TL_FLOW_LEARN | TL_FLOW_EARLY_LATCH) != 0 {
            return TL_STATUS_BAD_FLAGS
        }
        for (index, other) in self.specs where index != command.flow_index {
            guard other.address_index == spec.address_index, other.local_port == spec.local_port
            else { continue }
            let isOtherShared = other.flags & TL_FLOW_SHARED != 0
            if isShared != isOtherShared { return TL_STATUS_PORT_IN_USE }
            guard isShared, (spec.flags | other.flags) & TL_FLOW_ICE == 0, spec.remote_port != 0
            else { continue }
            if spec.remote_port == other.remote_port, Self.remote(spec) == Self.remote(other) {
                return TL_STATUS_SOURCE_IN_USE
            }
        }
        return nil
    }

    private static func remote(_ spec: tl_flow_spec) -> [UInt8] {
        withUnsafeBytes(of: spec.remote_address) { Array($0) }
    }

    /// The key set of a keys command.
    static func keyID(_ command: tl_command) -> UInt64 {
        withUnsafeBytes(of: command.spec) { $0.load(as: UInt64.self) }
    }

    /// What stands in place of a specification.
    static func body<Body>(_ command: tl_command) -> Body {
        withUnsafeBytes(of: command) { $0.loadUnaligned(fromByteOffset: 32, as: Body.self) }
    }

    /// A digit of a live flow's party is over.
    func digit(_ event: UInt8, form: UInt32 = TL_DIGIT_BY_EVENT, of index: UInt32) {
        var shared = tl_event()
        shared.kind = TL_EVENT_DIGIT
        shared.flow_index = index
        shared.generation = self.record(Int(index)).pointee.generation
        var digit = tl_digit()
        digit.event = event
        digit.form = UInt8(form)
        digit.volume = 10
        digit.duration_ms = 100
        withUnsafeMutableBytes(of: &shared) {
            $0.storeBytes(of: digit, toByteOffset: 32, as: tl_digit.self)
        }
        self.put(shared)
    }

    /// What the control plane's file holds now.
    var controlBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: self.control.base, count: Int(self.control.size_bytes))
    }

    /// The packet in a slot of the inject ring.
    func injected(_ position: UInt32) -> tl_packet_slot? {
        tl_section_at(&self.control, &self.controlLayout.packets, UInt64(position % 2))?
            .load(as: tl_packet_slot.self)
    }

    /// Loses its records, as a file that was made anew.
    func loseRecords() {
        for index in 0..<Int(self.layout.records.count) {
            self.record(index).pointee = tl_flow_record()
        }
        for index in 0..<Int(self.layout.drop_records.count) {
            self.element(self.layout.drop_records, index)
                .storeBytes(of: tl_drop_record(), as: tl_drop_record.self)
        }
    }

    /// Counts dropped packets of a flow, or with nil of none; one reason at a place.
    func drop(_ count: UInt32, reason: Int, of index: UInt32?, place: Int = 0) {
        let record = self.element(
            self.layout.drop_records, Int(index ?? self.layout.records.count))
        let generation = index.map { self.record(Int($0)).pointee.generation } ?? 1
        if record.load(as: UInt32.self) != generation {
            record.storeBytes(of: tl_drop_record(), as: tl_drop_record.self)
            record.storeBytes(of: generation, as: UInt32.self)
        }
        let at = 8 + 4 * place
        let before = record.load(fromByteOffset: at, as: UInt32.self)
        record.storeBytes(of: before &+ count, toByteOffset: at, as: UInt32.self)
        record.storeBytes(
            of: UInt8(truncatingIfNeeded: reason), toByteOffset: 52 + place, as: UInt8.self)
    }

    /// Hands packets to the control plane, as DTLS records; how many found room.
    func deliver(
        _ count: Int, to flow: UInt32 = 0, generation: UInt32 = 0, port: UInt16 = 4000
    ) -> Int {
        let channel = tl_section_at(&self.control, &self.controlLayout.channels, 0)
        let consumed = channel?.load(fromByteOffset: 128, as: UInt32.self) ?? 0
        var delivered = 0
        while delivered < count, self.packetCursor &- consumed < 2 {
            var slot = tl_packet_slot()
            slot.payload_bytes = 13
            slot.flow_index = flow
            slot.generation = generation
            withUnsafeMutableBytes(of: &slot.address) { $0.copyBytes(from: sampleRemote) }
            slot.port = port
            withUnsafeMutableBytes(of: &slot.payload) { $0[0] = UInt8(22 + delivered) }
            self.element(self.layout.packets, Int(self.packetCursor % 2))
                .storeBytes(of: slot, as: tl_packet_slot.self)
            self.packetCursor &+= 1
            delivered += 1
        }
        (self.element(self.layout.channels, 0) + 128)
            .storeBytes(of: self.packetCursor, as: UInt32.self)
        return delivered
    }

    /// Another source of a flow than the signalled one has proved itself.
    func learn(_ index: UInt32, port: UInt16) {
        let record = self.record(Int(index))
        withUnsafeMutableBytes(of: &record.pointee.source_address) {
            $0.copyBytes(from: sampleRemote)
        }
        record.pointee.source_port = port
        record.pointee.source_learned = 1
    }

    /// An end of the packet ring that cannot be true.
    func lieAboutPackets() {
        (self.element(self.layout.channels, 0) + 128)
            .storeBytes(of: self.packetCursor &+ 3, as: UInt32.self)
    }

    func put(_ event: tl_event) {
        self.element(self.layout.events, Int(self.eventCursor % 4))
            .storeBytes(of: event, as: tl_event.self)
        self.eventCursor &+= 1
        (self.element(self.layout.channels, 0) + 64)
            .storeBytes(of: self.eventCursor, as: UInt32.self)
    }
}

/// A call number between two parties.
/// 198.51.100.1, the party's address in `sampleIntent`.
private let sampleRemote: [UInt8] = Array(repeating: 0, count: 10) + [255, 255, 198, 51, 100, 1]

public func sampleIntent(_ number: UInt16) -> MediaIntent {
    func leg(_ index: UInt16) -> MediaIntent.Leg {
        let address = IPAddress(ipv4: 0x0a00_0000 + UInt32(index))
        var leg = MediaIntent.Leg(
            local: MediaPort(
                addressIndex: index,
                rtp: SocketAddress(address: address, port: 20_000 + 2 * number)))
        leg.remote = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 4000)
        leg.receive = true
        leg.send = true
        return leg
    }
    return MediaIntent(a: leg(0), b: leg(1))
}
