// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

import CallModel

/// Calls at random against a judge that knows nothing of the product but what it sends and which
/// flows it asks for; ``ModelJudge`` lists what must hold. Here it is a thousand sequences; the
/// long form is `TRUNKLINE_MODEL_SEQUENCES=1000000 swift run -c release call-model`, in several
/// processes with TRUNKLINE_MODEL_FIRST. A failure names its seed, which
/// TRUNKLINE_MODEL_REPLAY=seed tells in full.
@Suite struct ModelTests {
    private static let run: ModelRun = {
        var environment: [String: String] = [:]
        for name in ["SEQUENCES", "FIRST", "REPLAY", "FAULTS"] {
            let key = "TRUNKLINE_MODEL_" + name
            environment[key] = getenv(key).map { String(cString: $0) }
        }
        return ModelRun(count: 1000, environment: environment)
    }()

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func everythingHoldsInEverySequence() {
        let result = Self.run.play(clock: Self.seconds) { print($0) }
        for (seed, fault) in result.faults { Issue.record("seed \(seed): \(fault)") }
        #expect(result.sequences > 0 && (Self.run.replay != nil || result.pairs > 0))
    }

    /// Sequences that once found a fault which the first thousand do not.
    @Test(arguments: [
        // A 2xx comes again after the BYE of a leg whose ACK had waited for an answer.
        166_992,
        // A party was refused all media, since who took the other's place had said nothing yet.
        648_986,
        // A 2xx of the first INVITE came once more when a second one had been acknowledged.
        1_497_084,
        // Parties without a codec in common, after one of them had refused the other's.
        3_638_410,
    ] as [UInt64])
    func faultsOfFormerRuns(seed: UInt64) {
        #expect(ModelSequence.play(seed: seed).faults.isEmpty)
    }

    /// One seed is one course of events, however dictionaries are ordered.
    @Test func aSeedIsOneCourseOfEvents() {
        for seed in 1...50 as ClosedRange<UInt64> {
            let one = ModelSequence.play(seed: seed, logs: true)
            let other = ModelSequence.play(seed: seed, logs: true)
            #expect(one.log == other.log && !one.log.isEmpty, "seed \(seed)")
        }
    }

    /// What the judge says when the box is at fault: each fault on purpose is found, by the
    /// invariant that it breaks.
    @Test(arguments: [
        (ModelSequence.Sabotage.swallowedACK, "ack"), (.keptVersion, "version"),
        (.secondAnswer, "one-final"), (.livingBranch, "late"), (.leftFlow, "flows"),
        (.deafHold, "agree"),
    ])
    func faultsOnPurposeAreFound(sabotage: ModelSequence.Sabotage, invariant: String) {
        var found: [String: Int] = [:]
        for seed in 1...300 as ClosedRange<UInt64> {
            let outcome = ModelSequence.play(seed: seed, sabotage: sabotage)
            for fault in outcome.faults {
                found[fault.split(separator: ":").first.map(String.init) ?? "", default: 0] += 1
            }
        }
        #expect(found[invariant, default: 0] > 0, "\(sabotage): \(found)")
    }
}
