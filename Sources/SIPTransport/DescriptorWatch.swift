// SPDX-License-Identifier: Apache-2.0

internal import CUV

/// Waits on the loop's thread until somebody else's socket can be read or written. The socket is
/// not ours: its owner stops the watch before closing it.
public final class DescriptorWatch {
    private let loop: EventLoop
    private let action: (_ isReadable: Bool, _ isWritable: Bool) -> Void
    private var handle: UnsafeMutablePointer<uv_poll_t>?

    /// Nil where the loop cannot wait for this descriptor. An error of the socket counts as both.
    public init?(
        loop: EventLoop, descriptor: Int32,
        _ action: @escaping (_ isReadable: Bool, _ isWritable: Bool) -> Void
    ) {
        self.loop = loop
        self.action = action
        let raw = loop.raw
        let handle = Handle.open(uv_poll_t.self, owner: self) {
            uv_poll_init(raw, $0, descriptor)
        }
        guard let handle else { return nil }
        // What waits for an answer does not keep a loop alive that is done.
        uv_unref(Handle.raw(handle))
        self.handle = handle
    }

    /// Waits for this from now on; false where that is impossible.
    public func wait(readable: Bool, writable: Bool) -> Bool {
        guard let handle, !self.loop.isClosed else { return false }
        let events =
            (readable ? UV_READABLE.rawValue : 0) | (writable ? UV_WRITABLE.rawValue : 0)
        let status = uv_poll_start(handle, Int32(events)) { handle, status, events in
            guard let watch = Handle.owner(of: handle, DescriptorWatch.self), watch.handle != nil
            else { return }
            let isReadable = status < 0 || UInt32(events) & UV_READABLE.rawValue != 0
            let isWritable = status < 0 || UInt32(events) & UV_WRITABLE.rawValue != 0
            watch.action(isReadable, isWritable)
        }
        return status == 0
    }

    /// Waits no more; to be called before the socket is closed.
    public func stop() {
        guard let handle else { return }
        self.handle = nil
        guard !self.loop.isClosed else { return }
        uv_poll_stop(handle)
        Handle.close(handle)
    }
}
