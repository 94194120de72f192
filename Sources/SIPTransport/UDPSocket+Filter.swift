// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

// What the kernel drops before it is read.
extension UDPSocket {
    /// Lets the kernel take only what the filter lets in, from the next datagram on; false if it
    /// does not want to.
    func attach(_ filter: SourceFilter) -> Bool {
        guard let descriptor else { return false }
        var program = filter.instructions.map {
            sock_filter(code: $0.code, jt: $0.whenTrue, jf: $0.whenFalse, k: $0.value)
        }
        return program.withUnsafeMutableBufferPointer { program in
            var whole = sock_fprog(len: UInt16(program.count), filter: program.baseAddress)
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &whole,
                socklen_t(MemoryLayout<sock_fprog>.size)) == 0
        }
    }

    /// Takes everything again.
    func detachFilter() {
        guard let descriptor else { return }
        var unused: Int32 = 0
        setsockopt(
            descriptor, SOL_SOCKET, SO_DETACH_FILTER, &unused,
            socklen_t(MemoryLayout<Int32>.size))
    }

    /// Datagrams for this socket that the kernel dropped since it was opened: no room, or not let
    /// in by the filter. It wraps.
    var kernelDrops: UInt32 {
        guard let descriptor else { return 0 }
        var memory = [UInt32](repeating: 0, count: Self.memoryFigures)
        var size = socklen_t(memory.count * MemoryLayout<UInt32>.size)
        let status = getsockopt(descriptor, SOL_SOCKET, Self.memoryOption, &memory, &size)
        return status == 0 ? memory[Self.dropsFigure] : 0
    }

    // SO_MEMINFO and SK_MEMINFO_DROPS of linux/sock_diag.h.
    private static let memoryOption: Int32 = 55
    private static let memoryFigures = 9
    private static let dropsFigure = 8
}
