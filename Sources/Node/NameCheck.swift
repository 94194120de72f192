// SPDX-License-Identifier: Apache-2.0

import DNSClient
import SIPLocation
import SIPTransport

/// Looks up a few names once, for somebody who waits for all of them.
final class NameCheck {
    private var client: DNSClient?
    private var open: Set<DNSQuestion>
    private var answers: [DNSQuestion: DNSAnswer] = [:]

    /// Checks that wait at a time.
    static let waitingMax = 8

    /// `done` is called once, from the loop; not at all after `close`.
    init(
        _ questions: [DNSQuestion], loop: EventLoop, settings: DNSSettings,
        done: @escaping ([DNSQuestion: DNSAnswer]) -> Void
    ) {
        self.open = Set(questions)
        self.client = DNSClient(loop: loop, settings: settings)
        for question in self.open {
            self.client?.ask(question) { [weak self] answer in
                guard let self else { return }
                self.answers[question] = answer
                self.open.remove(question)
                if self.open.isEmpty { done(self.answers) }
            }
        }
    }

    /// Names can be asked for at all.
    var isUsable: Bool { self.client != nil }

    func close() {
        self.client?.close()
        self.client = nil
    }
}
