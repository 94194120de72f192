// SPDX-License-Identifier: Apache-2.0

public import FlowABI
public import Management
import NetworkAddress

/// The live flows, read from the fast path's file.
public enum FlowList {
    /// Each live flow as the command line shows it.
    public static func live(_ fastPath: FastPathFile) -> [JSONObject] {
        let addresses = fastPath.addresses
        let realms = fastPath.realms
        let count = UInt64(fastPath.geometry.workers) * UInt64(fastPath.geometry.flowsPerWorker)
        var flows: [JSONObject] = []
        for value in 0..<UInt32(clamping: count) {
            guard fastPath.occupant(FlowIndex(value))?.isLive == true,
                let record = fastPath.record(FlowIndex(value)), record.isLive
            else { continue }
            flows.append(self.describe(record, addresses, realms))
        }
        return flows
    }

    private static func describe(
        _ record: FlowRecord, _ addresses: [AddressPage], _ realms: [RealmPage]
    ) -> JSONObject {
        let page = addresses.first { $0.index == record.address }
        let local = page.map { SocketAddress(address: $0.address, port: record.localPort) }
        let realm = page.flatMap { page in
            realms.indices.contains(Int(page.realm)) ? realms[Int(page.realm)].name : nil
        }
        let figures = record.statistics
        return [
            "flow": JSONValue(record.flow.index.value),
            "generation": JSONValue(record.flow.generation.value),
            "realm": JSONValue(realm), "local": JSONValue(local.map { "\($0)" }),
            "source": JSONValue(record.source.map { "\($0)" }),
            "source_learned": .bool(record.sourceLearned),
            "timed_out": .bool(record.mediaTimedOut),
            "ssrc": JSONValue(record.egressSSRC),
            "packets_in": JSONValue(figures.receivedPackets),
            "packets_out": JSONValue(figures.sentPackets),
            "lost": JSONValue(figures.lost), "jitter": JSONValue(figures.jitter),
            "drops": JSONValue(figures.receiveDrops &+ figures.sendDrops),
        ]
    }
}
