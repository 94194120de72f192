// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for multipart bodies; README.md says how to build it. It is compiled into one
// module with Sources/SIPMessage.
//
// An input is the value of a Content-Type, ended by a zero byte, and a body.

/// One input: parts lie inside, in order and apart, and each can be taken out.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultipart(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    guard let end = bytes.firstIndex(of: 0), let type = try? MediaType(bytes[..<end]) else {
        return 0
    }
    let body = bytes[(end + 1)...]
    guard let found = try? MultipartBody(body, type: type) else { return 0 }
    precondition(!found.parts.isEmpty && found.parts.count <= MultipartBody.partLimit)
    var last = body.startIndex
    var isFlat = true
    for part in found.parts {
        precondition(part.whole.lowerBound >= last && part.whole.upperBound <= body.endIndex)
        precondition(part.content.lowerBound >= part.whole.lowerBound)
        precondition(part.content.upperBound <= part.whole.upperBound)
        if last != body.startIndex, part.whole.lowerBound != last { isFlat = false }
        _ = (part.mediaType, part.isRequired, part.isEncoded, part.first(.contentType))
        last = part.whole.upperBound
    }
    _ = (type.matches("multipart", "mixed"), type.accepts("multipart", "mixed"))
    #if !COST
        if isFlat, found.parts.count > 1 {
            for taken in found.parts.indices { checkWithout(taken, found, body, type) }
        }
    #endif
    return 0
}

/// The rest is the same when one part goes.
private func checkWithout(
    _ taken: Int, _ found: MultipartBody, _ body: ArraySlice<UInt8>, _ type: MediaType
) {
    var rest = body
    rest.removeSubrange(found.parts[taken].whole)
    guard let left = try? MultipartBody(rest, type: type) else {
        preconditionFailure("no multipart body any more")
    }
    var parts = found.parts
    parts.remove(at: taken)
    precondition(left.parts.count == parts.count)
    for (now, before) in zip(left.parts, parts) {
        precondition(rest[now.content].elementsEqual(body[before.content]))
    }
}
