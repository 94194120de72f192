// SPDX-License-Identifier: Apache-2.0

extension Call {
    /// The value of our Contact towards a party: the one that it speaks with is meant, where our
    /// host is a name. Who hides his number is hidden here too.
    func contact(_ side: Side) -> [UInt8] {
        let user = side == .a ? self.users.called : self.users.calling
        let isHidden = user.elementsEqual(Array("anonymous".utf8))
        return self.part(side) { $0.listener }.contact(user: isHidden ? [] : user)
    }
}
