// SPDX-License-Identifier: Apache-2.0

import Configuration
import HTTPClient
import Management
import NetworkAddress
import SIPLocation
import SIPProxy
import SIPTransaction
import SIPTransport

/// Asks the consultation service: a JSON document goes out by POST, another comes back
/// (appliance/docs/mcp.md). How long an answer is waited for is the proxy's to say.
final class ConsultationClient {
    /// Consultations that are open, and their exchanges once there is a connection.
    private var exchanges: [ProxyTicket: HTTPExchange?] = [:]
    private let loop: EventLoop
    private let finder: NextHopFinder
    /// Why the last one failed.
    private(set) var lastFailure = ""

    init(loop: EventLoop, finder: NextHopFinder) {
        self.loop = loop
        self.finder = finder
    }

    /// `done` is called once, perhaps from within this call; not after `end`.
    func ask(
        _ ticket: ProxyTicket, _ consultation: Consultation,
        _ service: NodeConfiguration.WebService, _ done: @escaping (ConsultationAnswer) -> Void
    ) {
        self.exchanges[ticket] = .some(nil)
        switch service.host {
        case .address(let address):
            let place = SocketAddress(address: address, port: service.port)
            self.post(ticket, consultation, service, to: place, done)
        case .name:
            let target = LocationTarget(service.host, port: service.port, transport: .tcp)
            self.finder.find(target) { [weak self] servers in
                guard let self, self.exchanges[ticket] != nil else { return }
                guard let place = servers.first?.address else {
                    return self.finish(ticket, "\(service.authority) has no address", done)
                }
                self.post(ticket, consultation, service, to: place, done)
            }
        }
    }

    /// The answer is not wanted any more.
    func end(_ ticket: ProxyTicket) {
        self.exchanges.removeValue(forKey: ticket)??.cancel()
    }

    func close() {
        for exchange in self.exchanges.values { exchange?.cancel() }
        self.exchanges = [:]
    }

    private func post(
        _ ticket: ProxyTicket, _ consultation: Consultation,
        _ service: NodeConfiguration.WebService, to place: SocketAddress,
        _ done: @escaping (ConsultationAnswer) -> Void
    ) {
        do throws(HTTPFailure) {
            self.exchanges[ticket] = try HTTPExchange(
                loop: self.loop, to: place, authority: service.authority, path: service.path,
                contentType: "application/json", body: Self.document(consultation).encoded()
            ) { [weak self] result in
                guard let self, self.exchanges.removeValue(forKey: ticket) != nil else { return }
                switch result {
                case .failure(let failure): self.finish(ticket, "\(failure)", done)
                case .success(let response) where response.status != 200:
                    self.finish(ticket, "the service answered \(response.status)", done)
                case .success(let response):
                    guard let answer = Self.answer(response.body) else {
                        return self.finish(ticket, "the answer is no document of ours", done)
                    }
                    done(answer)
                }
            }
        } catch {
            self.finish(ticket, "\(error)", done)
        }
    }

    private func finish(
        _ ticket: ProxyTicket, _ why: String, _ done: (ConsultationAnswer) -> Void
    ) {
        self.exchanges[ticket] = nil
        self.lastFailure = why
        done(.failed)
    }

    // MARK: Documents

    /// What is asked.
    static func document(_ consultation: Consultation) -> JSONValue {
        func party(_ party: CallParty?) -> JSONValue {
            guard let party else { return .null }
            return [
                "uri": .string(self.text(party.uri)),
                "number": JSONValue(party.number.map(self.text)),
            ]
        }
        let isOriginating = consultation.sessionCase == .originating
        return [
            "version": 1, "session-case": .string(isOriginating ? "originating" : "terminating"),
            "served-user": party(consultation.served), "caller": party(consultation.caller),
            "called": party(consultation.called),
            "call-id": .string(self.text(consultation.callID)),
        ]
    }

    /// What is answered; nil for what is no answer.
    static func answer(_ bytes: [UInt8]) -> ConsultationAnswer? {
        guard let value = try? JSONValue(parsing: bytes, limits: .init(bytes: bytes.count)),
            let isDiverted = value["divert"]?.bool
        else { return nil }
        guard isDiverted else { return .native }
        return .divert(number: Array((value["number"]?.string ?? "").utf8))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
