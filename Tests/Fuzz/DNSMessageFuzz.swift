// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for responses of the DNS; README.md says how to build it. It is compiled into
// one module with the reader and what it makes.
//
// An input is a byte that chooses the type that was asked for, and a response to x.example.

import NetworkAddress

/// One input: it is read or refused, and what is read keeps to the rules of names and addresses.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDNS(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 0, let name = DomainName("x.example") else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    let types = DNSRecordType.allCases
    let question = DNSQuestion(name, types[Int(data[0]) % types.count])
    var ignored: UInt64 = 0
    guard case .records(let records) = DNSMessage.answer(to: question, bytes, ignored: &ignored)
    else { return 0 }
    precondition(!records.isEmpty && records.count <= DNSMessage.recordsMax)
    for record in records {
        check(record.owner)
        switch record.data {
        case .address(let address):
            precondition(address.isIPv4 == (question.type == .a))
            precondition(!address.isUnspecified && !address.isMulticast)
        case .service(let service):
            precondition(question.type == .srv && (service.port > 0 || service.target == nil))
            if let target = service.target { check(target) }
        case .authority(let authority):
            precondition(question.type == .naptr && authority.flags.count <= 255)
            if let replacement = authority.replacement { check(replacement) }
        case .alias(let alias): check(alias)
        }
    }
    return 0
}

/// A name is what it is when it is read once more.
private func check(_ name: DomainName) {
    precondition(DomainName(name.bytes) == name && name.bytes.count <= DomainName.bytesMax)
}
