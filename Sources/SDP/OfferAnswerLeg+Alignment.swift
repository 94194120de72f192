// SPDX-License-Identifier: Apache-2.0

extension OfferAnswerLeg {
    /// True if the party needs no offer to talk with another party of `stream`: what it may send
    /// is understood there, what comes from there is understood here, and nobody is on hold by us.
    public func isInLine(with stream: AudioStream) -> Bool {
        guard let local = self.local, let remote = self.remote else { return false }
        guard local.direction.sends || !stream.direction.sends,
            local.direction.receives || !stream.direction.receives
        else { return false }
        let agreed = local.formats.filter { format in
            remote.formats.contains { $0.carries(format) }
        }
        let isHeard = agreed.allSatisfy { format in
            stream.formats.contains { $0.carries(format) }
        }
        return isHeard
            && stream.formats.contains { format in
                !format.isAuxiliary && remote.formats.contains { $0.carries(format) }
            }
    }
}
