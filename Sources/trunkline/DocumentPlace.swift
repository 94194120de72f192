// SPDX-License-Identifier: Apache-2.0

import FlowABI
import Management
import NetworkAddress

/// A value of a document and where it stands in it.
struct DocumentPlace {
    let value: JSONValue
    let path: String

    init(_ value: JSONValue, _ path: String) {
        self.value = value
        self.path = path
    }

    func fault(_ member: String = "", _ text: String) -> Failure {
        let path = member.isEmpty ? self.path : self.inner(member)
        return .usage("\(path.isEmpty ? "the document" : path): \(text)")
    }

    func fault(_ text: String) -> Failure { self.fault("", text) }

    private func inner(_ member: String) -> String {
        self.path.isEmpty ? member : "\(self.path).\(member)"
    }

    /// It is an object with no members but these.
    func allow(_ names: [String]) throws(Failure) {
        guard let object = self.value.object else {
            throw self.fault("is \(self.value.kind); write an object")
        }
        for member in object.members where !names.contains(member.name) {
            let known = names.joined(separator: ", ")
            throw self.fault(member.name, "is not known; there are \(known)")
        }
    }

    func optional(_ name: String) throws(Failure) -> DocumentPlace? {
        guard let object = self.value.object else {
            throw self.fault("is \(self.value.kind); write an object")
        }
        return object[name].map { DocumentPlace($0, self.inner(name)) }
    }

    func required(_ name: String) throws(Failure) -> DocumentPlace {
        guard let place = try self.optional(name) else { throw self.fault(name, "is missing") }
        return place
    }

    func number(_ name: String, _ range: ClosedRange<Int>) throws(Failure) -> Int? {
        try self.optional(name)?.integer(range)
    }

    func elements(_ count: ClosedRange<Int>) throws(Failure) -> [DocumentPlace] {
        guard let array = self.value.array else {
            throw self.fault("is \(self.value.kind); write an array")
        }
        guard count.contains(array.count) else {
            throw self.fault(
                "has \(array.count) elements; write \(count.lowerBound) to \(count.upperBound)")
        }
        return array.enumerated().map { DocumentPlace($1, "\(self.path)[\($0)]") }
    }

    func string() throws(Failure) -> String {
        guard let text = self.value.string else {
            throw self.fault("is \(self.value.kind); write a string")
        }
        return text
    }

    func integer(_ range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let value = self.value.integer.flatMap({ Int(exactly: $0) }), range.contains(value)
        else {
            throw self.fault("write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `1.2.3.4:5` or `[2001:db8::1]:5`.
    func socketAddress() throws(Failure) -> SocketAddress {
        let text = try self.string()
        let parts = text.utf8.lastIndex(of: UInt8(ascii: ":")).map {
            (text.utf8[..<$0], text.utf8[text.utf8.index(after: $0)...])
        }
        guard let (host, portText) = parts, portText.first != 0x2b,
            let port = UInt16(String(Substring(portText))), port > 0,
            let address = Self.address(Array(host))
        else { throw self.fault("write ADDRESS:PORT, an IPv6 address in brackets") }
        return SocketAddress(address: address, port: port)
    }

    private static func address(_ host: [UInt8]) -> IPAddress? {
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            let address = IPAddress(text: host.dropFirst().dropLast())
            return address?.isIPv4 == false ? address : nil
        }
        return host.contains(UInt8(ascii: ":")) ? nil : IPAddress(text: host)
    }

    func peer(_ names: [String: Int], count: Int) throws(Failure) -> FlowID {
        let index: Int
        if let name = self.value.string {
            guard let found = names[name] else {
                throw self.fault("no flow has the name \"\(name)\"")
            }
            index = found
        } else {
            index = try self.integer(0...(count - 1))
        }
        return FlowID(index: FlowIndex(UInt32(index)), generation: Generation(1))
    }
}
