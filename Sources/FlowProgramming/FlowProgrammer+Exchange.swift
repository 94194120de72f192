// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning

/// Legs that change calls.
extension FlowProgrammer {
    /// A leg of one session and a leg of another change places. Their flows stay what they are,
    /// with all that was learned, agreed and counted in them; what each reaches is another one.
    /// Both flows of the session that is left are looked at first, so that nobody is heard in two
    /// calls. False if there is nothing to exchange.
    @discardableResult
    public func exchange(
        _ session: MediaSession, _ leg: MediaLeg, with other: MediaSession, _ otherLeg: MediaLeg
    ) -> Bool {
        guard let one = self.sessions[session], let two = self.sessions[other], one !== two,
            !one.isEnding, !two.isEnding
        else { return false }
        let (mine, theirs) = (one[leg], two[otherLeg])
        one[leg] = theirs
        two[otherLeg] = mine
        self.own(theirs.identity, session, leg)
        self.own(mine.identity, other, otherLeg)
        guard self.table != nil else { return true }
        // What cannot be planned is told by the update that follows.
        try? self.plan(other)
        try? self.plan(session)
        return true
    }

    private func own(_ identity: LegIdentity?, _ session: MediaSession, _ leg: MediaLeg) {
        guard let flow = identity?.flow, let entry = self.table?.entries[flow.index],
            entry.flow == flow
        else { return }
        entry.owner = (session, leg)
    }
}

extension FlowProgrammer.Session {
    /// All that a session knows of one leg.
    struct Leg {
        var intent: MediaIntent.Leg
        var identity: LegIdentity?
        var keys: FlowProgrammer.KeyHistory
    }

    subscript(_ leg: MediaLeg) -> Leg {
        get {
            leg == .a
                ? Leg(intent: self.intent.a, identity: self.a, keys: self.keys.a)
                : Leg(intent: self.intent.b, identity: self.b, keys: self.keys.b)
        }
        set {
            if leg == .a {
                self.intent.a = newValue.intent
                self.a = newValue.identity
                self.keys.a = newValue.keys
            } else {
                self.intent.b = newValue.intent
                self.b = newValue.identity
                self.keys.b = newValue.keys
            }
        }
    }
}
