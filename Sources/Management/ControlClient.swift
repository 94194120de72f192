// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Asks the running process, from another process: one connection, one request, one answer.
/// Blocking, for the command line; the loop's thread never uses it.
public enum ControlClient {
    /// Where no process listens.
    public static let notRunning = ControlError.Code(rawValue: "not_running")

    /// Sends a request to the socket at `path` and waits for the answer, each step at most
    /// `timeoutMilliseconds`. Fails with the code `notRunning` if nobody listens there.
    public static func ask(
        _ request: ControlRequest, path: String, timeoutMilliseconds: Int = 5000
    ) -> ControlAnswer {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return Self.failure(.noAnswer, "socket") }
        defer { close(descriptor) }
        var timeout = timeval(
            tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Self.connect(descriptor, path) else {
            let isAbsent = errno == ENOENT || errno == ECONNREFUSED
            return Self.failure(isAbsent ? Self.notRunning : .noAnswer, path)
        }
        guard Self.write(descriptor, request.encoded() + [0x0a]) else {
            return Self.failure(.noAnswer, path)
        }
        return Self.readLine(descriptor, path).flatMap(ControlError.decode)
    }

    private static func failure(_ code: ControlError.Code, _ place: String) -> ControlAnswer {
        .failure(ControlError(code, "\(place): \(String(cString: strerror(errno)))"))
    }

    private static func connect(_ descriptor: Int32, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return false
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func readLine(
        _ descriptor: Int32, _ path: String
    ) -> Result<[UInt8], ControlError> {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while line.count <= ControlServer.answerBytesMax {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let words = errno == EAGAIN ? "no answer in time" : String(cString: strerror(errno))
                return .failure(ControlError(.noAnswer, "\(path): \(words)"))
            }
            guard count > 0 else {
                return .failure(ControlError(.noAnswer, "\(path): closed without an answer"))
            }
            line.append(contentsOf: chunk[..<count])
            if line.last == 0x0a { return .success(Array(line.dropLast())) }
        }
        return .failure(ControlError(.tooLarge, "\(path): the answer is too large"))
    }
}
