// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import trunkline

/// What `route`, `cert` and `teams` print of answers.
@Suite struct CallQuestionTextTests {
    @Test func aCallThatGoesOn() {
        let text = RouteView.text(of: [
            "trunk": "teams", "number": "+442079460000", "emergency": false, "tenant_by": "host",
            "tenant": "acme", "screening": "owned", "caller_replaced_by": .null,
            "custom_header": "X-A: 1", "media": "rtp", "rules": ["teams in: one", "carrier out: b"],
            "chosen_by": "routes", "trunks": ["carrier", "other"], "status": .null,
            "targets": [["trunk": "carrier", "peer": "192.0.2.9", "state": "up"]],
        ])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "from trunk     teams")
        #expect(lines.contains("tenant         acme (by the host)"))
        #expect(lines.contains("rules          teams in: one"))
        #expect(lines.contains("               carrier out: b"))
        #expect(lines.contains("to trunks      carrier, other"))
        #expect(!text.contains("refused") && !text.contains("shown as"))
        #expect(lines.last?.hasPrefix("carrier  192.0.2.9") == true)
    }

    @Test func aCallThatIsRefused() {
        let text = RouteView.text(of: [
            "trunk": "teams", "number": "1", "emergency": true, "tenant_by": "none",
            "tenant": .null, "trunks": [], "targets": [], "status": 403, "end": "screened",
            "reason": "Calling number missing",
        ])
        #expect(text.contains("refused     403 (screened): Calling number missing"))
        #expect(text.contains("emergency   yes") && text.contains("tenant      not looked for"))
    }

    @Test func routeNeedsItsOptions() {
        #expect(CommandLineTool.run(["route", "112", "--from", "113"]) == .usage)
        #expect(CommandLineTool.run(["route", "112", "--trunk", "a"]) == .usage)
        let all = ["route", "112", "--from", "113", "--trunk", "a"]
        #expect(CommandLineTool.run(all + ["--directory", "/tmp/trunkline-nowhere"]) == .notRunning)
    }

    @Test func problemsStandBelowTheCertificates() {
        let text = CertificateView.text(ofList: [
            [
                "use": "listener tls", "file": "a.pem", "names": "a.example", "key": "RSA 2048",
                "ends": "2027-01-01", "days_left": 30, "problems": ["one", "two"],
            ]
        ])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5 && lines[0].hasPrefix("use           file   names"))
        #expect(lines[3] == "listener tls: one" && lines[4] == "listener tls: two")
    }

    @Test func certNeedsAFile() {
        #expect(CommandLineTool.run(["cert", "show", "/nowhere.pem"]) == .no)
        #expect(CommandLineTool.run(["cert", "show"]) == .usage)
        #expect(CommandLineTool.run(["cert", "dance"]) == .usage)
    }

    @Test func aCheckSaysBelowHowItIsMended() {
        let text = TenantAddition.text(of: [
            "checks": [
                ["check": "label", "outcome": "ok", "text": "acme is free", "fix": .null],
                ["check": "DNS", "outcome": "failed", "text": "nothing", "fix": "publish it"],
            ]
        ])
        #expect(
            text == """
                ok      label  acme is free
                failed  DNS    nothing
                               -> publish it
                """)
    }

    @Test func refusedNumbersAreNamed() {
        let text = TenantAddition.text(ofAdded: [
            "tenant": ["state": "added"],
            "numbers": [
                "numbers": [
                    ["number": "+12", "state": "added"],
                    ["number": "+13", "state": "refused", "error": ["text": "is another's"]],
                ], "added": 1, "unchanged": 0, "refused": 1,
            ],
        ])
        #expect(
            text == """
                tenant: added
                numbers: 1 added, 0 unchanged, 1 refused
                  +13: is another's
                """)
        let again = TenantAddition.text(ofAdded: ["tenant": ["state": "unchanged"]])
        #expect(again == "tenant: unchanged")
    }

    @Test func teamsNeedsATenant() {
        #expect(CommandLineTool.run(["teams", "add-tenant", "a.b"]) == .usage)
        #expect(CommandLineTool.run(["teams", "dance", "a.b", "--tenant", "a"]) == .usage)
        let all = ["teams", "add-tenant", "a.b", "--tenant", "a"]
        #expect(CommandLineTool.run(all + ["--directory", "/tmp/trunkline-nowhere"]) == .notRunning)
    }
}
