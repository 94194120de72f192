// SPDX-License-Identifier: Apache-2.0

import Sharing

// Between two exchanges most legs have one m= line, and the last description said what was agreed.
// Both can be made of `local` again, and a box holds many calls at rest.
extension OfferAnswerLeg {
    /// The last description that went out, to tell whether the next one differs.
    var lastSent: [UInt8]? {
        get {
            guard self.isAtRest, let local = self.local else { return self.keptText }
            return self.rendered(local).serialise()
        }
        set {
            self.wake()
            self.keptText = newValue
        }
    }

    /// The m= lines of the session so far.
    var slots: [Slot] {
        get {
            guard self.isAtRest, let local = self.local else { return self.keptSlots }
            return [Slot(local)]
        }
        set {
            self.wake()
            self.keptSlots = newValue
        }
    }

    /// Lets go of what follows from `local`: the text that went out last says `local`. The way that
    /// ICE is told of depends on more than that.
    mutating func rest() {
        guard !self.isAtRest, self.isLastAgreed, self.formerSlots == nil,
            self.keptSlots.count == 1, let local = self.local, local.index == 0, local.ice == nil
        else { return }
        assert(self.keptText == self.rendered(local).serialise(), "not what went out")
        self.isAtRest = true
        self.keptText = nil
        self.keptSlots = []
    }

    /// Before a change of anything that they follow from.
    mutating func wake() {
        guard self.isAtRest else { return }
        (self.keptText, self.keptSlots) = (self.lastSent, self.slots)
        self.isAtRest = false
    }
}
