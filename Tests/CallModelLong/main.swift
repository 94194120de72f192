// SPDX-License-Identifier: Apache-2.0
//
// The long form of the model test: see ``ModelRun``.

import CallModel
import Glibc

var environment: [String: String] = [:]
for name in ["SEQUENCES", "FIRST", "REPLAY", "FAULTS"] {
    let key = "TRUNKLINE_MODEL_" + name
    environment[key] = getenv(key).map { String(cString: $0) }
}

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let run = ModelRun(count: 10_000, environment: environment)
let result = run.play(clock: seconds) {
    print($0)
    fflush(nil)
}
exit(result.faults.isEmpty ? 0 : 1)
