// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for URIs and what carries them; README.md says how to build it. It is compiled
// into one module with Sources/SIPMessage.

/// One input: a URI as it stands in a start line, in a header field and in angle brackets.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzURI(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    precondition(URI.unescaped(bytes[...]).count <= bytes.count)
    do throws(SIPParseError) {
        let uri = try URI.parse(bytes[...])
        #if !COST
            check(uri, bytes)
        #endif
    } catch {
        precondition((0...bytes.count).contains(error.offset))
    }
    if let address = try? NameAddr(bytes[...]) { checkAddress(address) }
    return 0
}

private func check(_ uri: URI, _ bytes: [UInt8]) {
    switch uri {
    case .sip(let sip):
        precondition(sip.isEquivalent(to: sip))
        precondition(sip.headers.count <= SIPLimits.parameterCount)
        if let again = try? SIPURI(written(sip)[...]) {
            precondition(again.isEquivalent(to: sip) && sip.isEquivalent(to: again))
        } else {
            preconditionFailure("what was read cannot be written")
        }
        checkRequestURI(bytes[...])
        _ = (sip.host.address, sip.host.hashValue, sip.isLooseRouter, sip.transport)
    case .tel(let tel):
        precondition(!tel.digits.isEmpty)
    case .other(let scheme, let rest):
        precondition(scheme.count + 1 + rest.count == bytes.count)
    }
    // In angle brackets it is the same.
    let bracketed = [UInt8(ascii: "<")] + bytes + [UInt8(ascii: ">")]
    guard let address = try? NameAddr(bracketed[...]) else {
        preconditionFailure("a URI is none in angle brackets")
    }
    precondition(address.uri.elementsEqual(bytes))
}

/// The URI from its parts.
private func written(_ uri: SIPURI) -> [UInt8] {
    var bytes = Array((uri.isSecure ? "sips:" : "sip:").utf8)
    if let user = uri.user {
        bytes += user
        if let password = uri.password { bytes += [UInt8(ascii: ":")] + password }
        bytes.append(UInt8(ascii: "@"))
    }
    let isReference = uri.host.bytes.contains(UInt8(ascii: ":"))
    bytes += isReference ? "[".utf8 : "".utf8
    bytes += uri.host.bytes
    bytes += isReference ? "]".utf8 : "".utf8
    if let port = uri.port { bytes += ":\(port)".utf8 }
    for parameter in uri.parameters.all {
        bytes += [UInt8(ascii: ";")] + parameter.name
        if let value = parameter.value { bytes += [UInt8(ascii: "=")] + value }
    }
    for (position, header) in uri.headers.enumerated() {
        bytes.append(UInt8(ascii: position == 0 ? "?" : "&"))
        bytes += header.name + [UInt8(ascii: "=")] + (header.value ?? [])
    }
    return bytes
}

/// It is a URI still, with neither method nor headers.
private func checkRequestURI(_ bytes: ArraySlice<UInt8>) {
    guard let uri = try? SIPURI(SIPURI.requestURI(bytes)[...]) else {
        preconditionFailure("no Request-URI can be made of it")
    }
    precondition(uri.headers.isEmpty && !uri.parameters.has("method"))
}

private func checkAddress(_ address: NameAddr) {
    _ = try? address.decodedURI()
    _ = (address.tag, address.displayName, address.parameters.all.count)
}
