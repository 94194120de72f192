// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

extension ICEDescription {
    /// What a section says about ICE; nil if it does not speak it, not by the rules, or would not
    /// do it with what we wrote (`a=ice-mismatch`, RFC 8839 section 5.3).
    init?(_ media: MediaDescription, of session: SessionDescription) {
        func value(_ name: StaticString) -> SDPText? {
            media.attributes.value(of: name) ?? session.attributes.value(of: name)
        }
        guard !(session.attributes + media.attributes).hasFlag("ice-mismatch"),
            let ufrag = value("ice-ufrag"), let password = value("ice-pwd"),
            let credentials = ICECredentials(ufrag: ufrag.bytes, password: password.bytes)
        else { return nil }
        let options = [session.attributes, media.attributes].compactMap {
            $0.value(of: "ice-options")?.words
        }
        let candidates = media.attributes.values(of: "candidate").lazy
            .compactMap(ICECandidate.init)
        self.init(
            credentials: credentials,
            isLite: (session.attributes + media.attributes).hasFlag("ice-lite"),
            trickles: options.joined().contains("trickle")
                && !(session.attributes + media.attributes).hasFlag("end-of-candidates"),
            candidates: Array(candidates.prefix(SDPLimits.candidatesKept)),
            chosenByRemote: Self.chosen(in: media))
    }

    /// `a=remote-candidates`, which Microsoft writes without its last letter: component, address
    /// and port, three by three.
    private static func chosen(in media: MediaDescription) -> SocketAddress? {
        let value =
            media.attributes.value(of: "remote-candidates")
            ?? media.attributes.value(of: "remote-candidate")
        guard let words = value?.words, words.count % 3 == 0 else { return nil }
        for start in stride(from: 0, to: words.count, by: 3)
        where words[start].number(upTo: 256) == 1 {
            guard let ip = IPAddress(text: words[start + 1].bytes), ip.takesMedia,
                let port = words[start + 2].number(upTo: 65_535), port > 0
            else { return nil }
            return SocketAddress(address: ip, port: UInt16(port))
        }
        return nil
    }

    /// The lines of a section of ours; `a=ice-lite` stands in the session's. With two components
    /// each candidate has one for RTCP too.
    func attributes(components: Int) -> [Attribute] {
        [
            Attribute("ice-ufrag", SDPText(checked: self.credentials.ufrag)),
            Attribute("ice-pwd", SDPText(checked: self.credentials.password)),
        ]
            + self.candidates.flatMap { candidate in
                components == 1
                    ? [candidate.attribute] : [candidate.attribute, candidate.ofRTCP.attribute]
            }
    }
}
