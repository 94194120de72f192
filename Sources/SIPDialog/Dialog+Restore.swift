// SPDX-License-Identifier: Apache-2.0

extension Dialog {
    /// The numbers of a dialog that was kept outside the process.
    public struct Sequences: Sendable, Hashable {
        /// The CSeq number of our last request.
        public var local: UInt32?
        /// The CSeq number of the peer's last request.
        public var remote: UInt32?
        /// From its parts.
        public init(local: UInt32?, remote: UInt32?) {
            self.local = local
            self.remote = remote
        }
    }

    /// A dialog that was kept outside the process: the values of one that existed.
    public init(
        restoring key: DialogKey, role: Role, isSecure: Bool,
        parties: (local: [UInt8], remote: [UInt8]), state: State,
        route: (target: [UInt8], set: [[UInt8]]), sequences: Sequences
    ) {
        self.init(
            key: key, role: role, isSecure: isSecure, parties: parties, state: state,
            remoteTarget: route.target, routeSet: route.set,
            sequences: (sequences.local, sequences.remote))
    }
}
