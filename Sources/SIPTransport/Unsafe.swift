// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module where Swift's checks are switched off: libuv's handles and requests
// carry an untyped pointer to their owner.
//
// RULES. A handle's memory and its hold on the owner live from `open` to the callback of
// `uv_close`; libuv calls nothing for a handle after that. A handle of type H is opened with
// exactly one class of owner, and its callbacks ask for that class. Of all of libuv, only
// `uv_async_send` is called on another thread than the loop's, and only under the lock of
// `LoopWake`, which `close` takes before the handle is closed.

internal import CUV
internal import Synchronization

typealias RawHandle = UnsafeMutablePointer<uv_handle_t>

enum Handle {
    /// Allocates the memory of a handle, initialises it with `start` and binds it to `owner`,
    /// which is retained until the handle has closed. Nil, with nothing held, if `start` fails.
    static func open<H>(
        _ type: H.Type, owner: AnyObject, _ start: (UnsafeMutablePointer<H>) -> Int32
    ) -> UnsafeMutablePointer<H>? {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<H>.size, alignment: MemoryLayout<H>.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<H>.size)
        let handle = memory.bindMemory(to: H.self, capacity: 1)
        guard start(handle) == 0 else {
            memory.deallocate()
            return nil
        }
        Self.raw(handle).pointee.data = Unmanaged.passRetained(owner).toOpaque()
        return handle
    }

    /// Closes a handle; its owner is let go and its memory freed when libuv is done with it.
    static func close<H>(_ handle: UnsafeMutablePointer<H>) {
        let raw = Self.raw(handle)
        guard uv_is_closing(raw) == 0 else { return }
        uv_close(raw) { raw in
            guard let raw else { return }
            if let data = raw.pointee.data {
                Unmanaged<AnyObject>.fromOpaque(data).release()
            }
            UnsafeMutableRawPointer(raw).deallocate()
        }
    }

    /// Every libuv handle begins with the fields of `uv_handle_t`.
    static func raw<H>(_ handle: UnsafeMutablePointer<H>) -> RawHandle {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    }

    /// TCP and pipe handles begin with the fields of `uv_stream_t`.
    static func stream(_ handle: RawHandle) -> UnsafeMutablePointer<uv_stream_t> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
    }

    /// The handle seen as the type with which it was opened.
    static func cast<H>(_ handle: RawHandle, to type: H.Type) -> UnsafeMutablePointer<H> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: type)
    }

    /// The owner with which the handle was opened; `Owner` must be that class.
    static func owner<H, Owner: AnyObject>(
        of handle: UnsafeMutablePointer<H>?, _ type: Owner.Type
    ) -> Owner? {
        guard let handle, let data = Self.raw(handle).pointee.data else { return nil }
        return Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
    }
}

/// A libuv request with a copy of the bytes that it sends behind it, in one allocation.
enum SendRequest {
    /// Allocates; free with `free` in the request's callback, or at once if it was not taken.
    static func make<R>(
        _ type: R.Type, bytes: UnsafeRawBufferPointer
    ) -> (request: UnsafeMutablePointer<R>, buffer: uv_buf_t) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<R>.size + bytes.count, alignment: MemoryLayout<R>.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<R>.size)
        let tail = memory + MemoryLayout<R>.size
        if let base = bytes.baseAddress { tail.copyMemory(from: base, byteCount: bytes.count) }
        let buffer = uv_buf_init(
            tail.assumingMemoryBound(to: CChar.self), UInt32(truncatingIfNeeded: bytes.count))
        return (memory.bindMemory(to: R.self, capacity: 1), buffer)
    }

    static func free<R>(_ request: UnsafeMutablePointer<R>) {
        UnsafeMutableRawPointer(request).deallocate()
    }

    /// A view of bytes for a call that reads them before it returns.
    static func view(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
        let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return uv_buf_init(
            base?.assumingMemoryBound(to: CChar.self), UInt32(truncatingIfNeeded: bytes.count))
    }
}

/// Makes a loop's thread run an action, from any thread. Asked several times before it runs, it
/// runs once.
final class LoopWake: @unchecked Sendable {
    private final class Owner {
        let action: () -> Void
        init(_ action: @escaping () -> Void) { self.action = action }
    }

    private let lock = Mutex(())
    private var handle: UnsafeMutablePointer<uv_async_t>?

    /// To be made on the loop's thread. Nil where libuv has no descriptor left.
    init?(loop: EventLoop, _ action: @escaping () -> Void) {
        let raw = loop.raw
        self.handle = Handle.open(uv_async_t.self, owner: Owner(action)) {
            uv_async_init(raw, $0) { Handle.owner(of: $0, Owner.self)?.action() }
        }
        guard let handle else { return nil }
        // What may come from elsewhere does not keep a loop alive that is done.
        uv_unref(Handle.raw(handle))
    }

    /// On any thread.
    func send() {
        self.lock.withLock { _ in
            if let handle { uv_async_send(handle) }
        }
    }

    /// On the loop's thread, before the loop is closed.
    func close() {
        self.lock.withLock { _ in
            if let handle { Handle.close(handle) }
            self.handle = nil
        }
    }
}

/// A libuv request for its thread pool, with a hold on its owner until libuv is done with it.
enum PoolRequest {
    /// False, with nothing held, if the request was not taken. `body` runs on a thread of the pool,
    /// `after` on the loop's.
    static func queue<Owner: AnyObject>(
        on loop: UnsafeMutablePointer<uv_loop_t>, owner: Owner, body: @escaping uv_work_cb,
        after: @escaping uv_after_work_cb
    ) -> Bool {
        let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)
        request.initialize(to: uv_work_t())
        let hold = Unmanaged.passRetained(owner)
        request.pointee.data = hold.toOpaque()
        guard uv_queue_work(loop, request, body, after) == 0 else {
            hold.release()
            request.deallocate()
            return false
        }
        return true
    }

    /// The owner with which a request was queued; `Owner` must be that class.
    static func owner<Owner: AnyObject>(
        of request: UnsafeMutablePointer<uv_work_t>?, _ type: Owner.Type
    ) -> Owner? {
        request?.pointee.data.map { Unmanaged<Owner>.fromOpaque($0).takeUnretainedValue() }
    }

    /// For the end of `after`.
    static func free(_ request: UnsafeMutablePointer<uv_work_t>?) {
        guard let request else { return }
        if let data = request.pointee.data { Unmanaged<AnyObject>.fromOpaque(data).release() }
        request.deallocate()
    }
}
