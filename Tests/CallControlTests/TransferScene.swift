// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// Alice at the carrier, Bob and Carol at the service, Dave at the carrier too. Whoever transfers
/// asks the box.
struct TransferScene {
    let world: World
    let alice: Phone
    let bob: Phone
    let carol: Phone
    let dave: Phone

    init(seed: UInt64 = 1, policy: (inout TransferPolicy) -> Void = { $0.refer = .local }) {
        self.world = World(seed: seed)
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        // The peer of a trunk is one address; other phones of it are behind a second trunk.
        self.carol = self.world.phone("carol", side: .b, address: "203.0.113.3")
        self.dave = self.world.phone("dave", side: .a, address: "198.51.100.4")
        var transfer = TransferPolicy()
        policy(&transfer)
        self.world.configure { Self.configure(&$0, transfer) }
        self.alice.script.hangUpAfter = 60_000
    }

    static func configure(_ configuration: inout CallConfiguration, _ transfer: TransferPolicy) {
        for (name, address, index) in [
            (World.carol, "203.0.113.3", 1), (World.dave, "198.51.100.4", 0),
        ] {
            let like = configuration.trunks[index]
            var hop = like.peer
            hop.remote.address = World.ip(address)
            var trunk = TrunkSettings(
                name: name, realm: like.realm, peerHost: Array(address.utf8), peer: hop)
            trunk.codecs = like.codecs
            configuration.trunks.append(trunk)
        }
        for index in configuration.trunks.indices {
            configuration.trunks[index].transfer = transfer
        }
        configuration.routes =
            (try? RouteTable([
                Route(prefix: "+1".utf8, to: TrunkIndex(1)),
                Route(prefix: "+2".utf8, to: TrunkIndex(0)),
                Route(prefix: "+3".utf8, to: TrunkIndex(2)),
                Route(prefix: "+4".utf8, to: TrunkIndex(3)),
            ])) ?? RouteTable()
    }

    var engine: CallEngine<TestPorts> { self.world.core.engine }
    func call(_ phone: Phone) throws -> PhoneCall { try #require(phone.calls.values.first) }

    /// Alice calls Bob.
    func establish() {
        self.alice.dial()
        self.world.run(until: 2000)
    }

    /// The one call there is goes between these two.
    func expectConnected(
        _ one: Phone, _ two: Phone, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let intent = try #require(
            self.world.media.count == 1 ? self.world.media.values.first : nil,
            sourceLocation: sourceLocation)
        func address(_ phone: Phone) throws -> SocketAddress {
            let call = try #require(phone.calls.values.first, sourceLocation: sourceLocation)
            return SocketAddress(address: phone.address.address, port: call.port)
        }
        let ends = [intent.a.remote, intent.b.remote]
        #expect(try ends.contains(address(one)), sourceLocation: sourceLocation)
        #expect(try ends.contains(address(two)), sourceLocation: sourceLocation)
        for leg in [intent.a, intent.b] {
            #expect(leg.send && leg.receive, sourceLocation: sourceLocation)
            #expect(!leg.payloadTypes.isEmpty, sourceLocation: sourceLocation)
        }
    }

    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        self.world.run()
        self.world.expectClean(sourceLocation: sourceLocation)
    }
}

extension World {
    static let carol = TrunkName("carol")
    static let dave = TrunkName("dave")
}
