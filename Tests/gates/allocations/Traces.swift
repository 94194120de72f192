// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Trace

/// Messages kept to be seen later.
func traces() throws -> [Operation] {
    let book = TraceBook(bytes: 1 << 20)
    let box = SocketAddress(address: IPAddress(ipv4: 0xc000_0201), port: 5060)
    let message = TraceMessage(
        isSent: false, transport: .udp, local: box, remote: Samples.peer.remote,
        bytes: Samples.invite)
    let redaction = Redaction()
    let hep = HEP3(captureID: 1)
    var number: UInt64 = 0
    return [
        Operation("keep a message") {
            // Twenty messages a call, as many calls as push each other out.
            number += 1
            let call = number / 20 + 1
            counted {
                let whose = book.attribute(message) { (call: call, side: .a) }
                book.keep(
                    TraceRecord(
                        wallUs: number, monotonicNs: number, call: call, side: .a,
                        .message(message)), whose)
            }
            guard book.figures.records > 0 else { throw Wrong("trace") }
        },
        Operation("redact a message and wrap it in HEP") {
            let record = TraceRecord(
                wallUs: 1, monotonicNs: 1, call: 1, side: .a, .message(message))
            let datagram = counted {
                hep.datagram(record, bytes: redaction.redacted(Samples.invite))
            }
            guard datagram.count > Samples.invite.count else { throw Wrong("HEP") }
        },
    ]
}
