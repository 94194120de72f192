// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

extension ByteStream {
    /// The user whose process is at the other end of a local connection, as the kernel noted it
    /// when the connection was made; nil for any other connection.
    public var peerUser: UInt32? {
        guard let handle = self.live else { return nil }
        var descriptor: uv_os_fd_t = -1
        guard uv_fileno(handle, &descriptor) == 0 else { return nil }
        // The system's header shows `struct ucred` to GNU programs only: process, user, group.
        var peer: [UInt32] = [0, 0, 0]
        let bytes = socklen_t(MemoryLayout<UInt32>.stride * peer.count)
        var size = bytes
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0, size == bytes,
            peer[0] > 0
        else { return nil }
        return peer[1]
    }
}
