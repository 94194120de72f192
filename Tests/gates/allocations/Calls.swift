// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallWorld
import SIPTransport

/// Everything between a parsed message and what is to be sent, and the loop under it.
func calls() throws -> [Operation] {
    let course = CallCourse { work in counted { work() } }
    let loop = try EventLoop()
    return [
        Operation("a call, INVITE to BYE, both legs") {
            guard course.call() else { throw Wrong("the call did not end as it should") }
        },
        Operation("a turn of the loop") {
            guard !counted({ loop.run(for: 0) { false } }) else { throw Wrong("loop") }
        },
    ]
}
