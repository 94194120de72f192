// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallWorld

@Test(arguments: ["teams-direct-routing", "teams-media-bypass", "operator-connect", "zoom-byoc", "generic-carrier", "generic-pbx"])
func dump(_ name: String) throws {
    let scene = try ProfileScene(name)
    var all: [String] = []
    scene.world.tap = { all.append(String(decoding: $0, as: UTF8.self)) }
    _ = try scene.callService()
    scene.finish()
    let scene2 = try ProfileScene(name)
    scene2.world.tap = { all.append(String(decoding: $0, as: UTF8.self)) }
    _ = try scene2.callCore()
    scene2.finish()
    print("=====", name, "\n" + all.joined(separator: "\n-----\n"))
}
