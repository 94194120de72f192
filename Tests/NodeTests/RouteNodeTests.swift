// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import Node

/// The verb `route` through the control socket.
@Suite struct RouteNodeTests {
    @Test func saysWhereACallGoes() throws {
        let node = try NodeFixture()
        let answer = try node.result(
            "route", ["number": "+12025550123", "from": "+442079460000", "trunk": "carrier"])
        #expect(answer["status"] == .null && answer["chosen_by"] == "routes")
        #expect(answer["trunks"] == ["service"] && answer["tenant_by"] == "called number")
        let target = answer["targets"]?[0]
        #expect(target?["trunk"] == "service" && target?["state"] == "up")
        #expect(target?["uri"]?.string?.contains("+12025550123@\(node.addresses.service)") == true)
        #expect(target?["from"]?.string?.contains("+442079460000@\(node.addresses.box)") == true)
        #expect(target?["media"] == "rtp")
    }

    @Test func saysWhoseNumberIsCalledAndWhyItGoesNowhere() throws {
        let node = try NodeFixture()
        _ = try node.result("tenant-add", ["name": "acme", "service": "zoom"])
        _ = try node.result("number-add", ["numbers": ["+12025550100"], "tenant": "acme"])
        let answer = try node.result(
            "route", ["number": "+12025550100", "from": "+442079460000", "trunk": "carrier"])
        #expect(answer["status"] == 404 && answer["end"] == "no route")
        let other = try node.result(
            "route", ["number": "112", "from": "+442079460000", "trunk": "carrier"])
        #expect(other["status"] == 404 && other["tenant"] == .null)
    }

    @Test func refusesWhatItCannotAskFor() throws {
        let node = try NodeFixture()
        let good: JSONObject = ["number": "112", "from": "113", "trunk": "carrier"]
        let cases: [(String, JSONValue, String)] = [
            ("trunk", "nobody", "not_found"), ("number", "1 2", "bad_argument"),
            ("from", .null, "bad_argument"), ("host", "a b", "bad_argument"),
            ("pai", "", "bad_argument"), ("diverting", 3, "bad_argument"),
        ]
        for (name, value, code) in cases {
            var arguments = good
            arguments[name] = value
            guard case .failure(let error) = node.ask("route", arguments) else {
                Issue.record("\(name) was taken")
                continue
            }
            #expect(error.code.rawValue == code, "\(name)")
        }
    }
}
