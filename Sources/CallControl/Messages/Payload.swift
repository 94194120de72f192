// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a message carries besides header fields.
enum Payload {
    /// Nothing.
    case none
    /// A session description, to be rewritten.
    case description([UInt8])
    /// Something else, which passes as it is with the header fields that describe it.
    case opaque(contentType: [UInt8], [UInt8])
    /// Several parts, one of which may be a session description.
    case mixed(MixedBody)
    /// A body that could carry a description past the box, or that says that it must be understood
    /// and is not.
    case unsupported

    init(_ message: SIPMessage) {
        guard !message.body.isEmpty else {
            self = .none
            return
        }
        guard let value = message.first(.contentType), let type = try? message.contentType() else {
            self = .unsupported
            return
        }
        let isEncoded = message.first(.contentEncoding) != nil
        if type.isMultipart {
            let mixed =
                isEncoded
                ? nil
                : MixedBody(message.body, Array(value), type, mayRefuse: message.isRequest)
            self = mixed.map { .mixed($0) } ?? .unsupported
        } else if type.matches("application", "sdp") {
            self = isEncoded ? .unsupported : .description(Array(message.body))
        } else if MixedBody.isISUP(type) {
            // Whoever wants it understood says so, or says nothing (RFC 3261 section 20.11).
            let handling = message.first(.contentDisposition).flatMap { try? TokenValue($0) }?
                .parameters.value("handling")
            let isOptional = handling.map { ASCII.equalsIgnoringCase($0, "optional") } ?? false
            self = isOptional || !message.isRequest ? .none : .unsupported
        } else {
            self = .opaque(contentType: Array(value), Array(message.body))
        }
    }

    /// The description, if there is one.
    var description: [UInt8]? {
        switch self {
        case .description(let bytes): bytes
        case .mixed(let body): body.description
        case .none, .opaque, .unsupported: nil
        }
    }
}

/// A multipart body that passes: every octet of it but the session description, and ISUP, which
/// speaks of the other side's numbers and circuits, and which peers that want it to be understood
/// say so of (RFC 3204).
struct MixedBody {
    private let contentType: [UInt8]
    private let bytes: [UInt8]
    private let boundary: [UInt8]
    private let parts: [MultipartBody.Part]
    private let sdp: Int?
    private let isup: Set<Int>

    /// Nil if the body is malformed or beyond a limit, has two descriptions or one that is encoded,
    /// or ISUP that has to be understood, which only a request can be refused for.
    init?(
        _ body: ArraySlice<UInt8>, _ contentType: [UInt8], _ type: MediaType, mayRefuse: Bool
    ) {
        let bytes = Array(body)
        guard let multipart = try? MultipartBody(bytes[...], type: type),
            let boundary = type.boundary
        else { return nil }
        var sdp: Int?
        var isup: Set<Int> = []
        for (index, part) in multipart.parts.enumerated() {
            guard let type = part.mediaType else { return nil }
            if type.matches("application", "sdp") {
                guard sdp == nil, !part.isEncoded else { return nil }
                sdp = index
            } else if Self.isISUP(type) {
                guard !part.isRequired || !mayRefuse else { return nil }
                isup.insert(index)
            }
        }
        self.contentType = contentType
        self.bytes = bytes
        self.boundary = Array(boundary)
        self.parts = multipart.parts
        self.sdp = sdp
        self.isup = isup
    }

    static func isISUP(_ type: MediaType) -> Bool {
        type.matches("application", "isup") || type.matches("application", "qsig")
    }

    /// The session description.
    var description: [UInt8]? { self.sdp.map { Array(self.bytes[self.parts[$0].content]) } }

    /// There is more than a description and what is left out anyway.
    var hasOthers: Bool { self.parts.count > self.isup.count + (self.sdp == nil ? 0 : 1) }

    /// The body with another description in the place of its own, or as a further first part where
    /// it has none; without one its own is left out. A line of a description begins with a letter
    /// and "=", so that none can be taken for a delimiter.
    func replacing(_ description: [UInt8]?) -> (bytes: [UInt8], contentType: [UInt8]) {
        var result: [UInt8] = []
        result.reserveCapacity(self.bytes.count + (description?.count ?? 0))
        var position = 0
        var isPending = description != nil && self.sdp == nil
        for (index, part) in self.parts.enumerated() {
            if isPending, let description, let start = self.outerStart {
                isPending = false
                result += self.bytes[position..<start]
                result += Array("--".utf8) + self.boundary
                result += "\r\nContent-Type: application/sdp\r\n\r\n".utf8
                result += description + Array("\r\n".utf8)
                position = start
            }
            if self.isup.contains(index) || (index == self.sdp && description == nil) {
                result += self.bytes[position..<part.whole.lowerBound]
                position = part.whole.upperBound
            } else if index == self.sdp, let description {
                result += self.bytes[position..<part.content.lowerBound]
                // The line end before the delimiter belongs to that, so one of ours is too many.
                let ends = description.suffix(2).elementsEqual([0x0d, 0x0a])
                result += ends ? description.dropLast(2) : description[...]
                position = part.content.upperBound
            }
        }
        result += self.bytes[position...]
        return (result, self.contentType)
    }

    /// Where the first delimiter line of the outermost body begins: that of its first part, which
    /// is multipart itself where the first part found stands deeper.
    private var outerStart: Int? {
        let mark = Array("--".utf8) + self.boundary
        guard self.bytes.count >= mark.count else { return nil }
        return (0...(self.bytes.count - mark.count)).first { index in
            (index == 0 || self.bytes[index - 1] == 0x0a)
                && self.bytes[index..<(index + mark.count)].elementsEqual(mark)
        }
    }
}

extension SIPMessageBuilder {
    /// Ends a message with a body that passes as it is, and what describes it; anything else is
    /// left out.
    consuming func finish(passing payload: Payload, of message: SIPMessage) -> [UInt8] {
        switch payload {
        case .opaque(let contentType, let body):
            for name in CarriedHeaders.bodyRows { self.copy(all: name, from: message) }
            return self.finish(body: body, contentType: contentType)
        case .mixed: return self.finish(description: nil, in: payload, of: message, .pass)
        case .none, .description, .unsupported: return self.finish()
        }
    }

    /// Ends a message with a session description, or without a body.
    consuming func finish(description: [UInt8]?) -> [UInt8] {
        guard let description else { return self.finish() }
        return self.finish(body: description, contentType: "application/sdp")
    }

    /// Ends a message with a session description among the other parts of what came, as far as the
    /// trunk takes them.
    consuming func finish(
        description: [UInt8]?, in payload: Payload, of message: SIPMessage, _ policy: BodyPolicy
    ) -> [UInt8] {
        guard policy == .pass else { return self.finish(description: description) }
        switch payload {
        case .mixed(let body) where body.hasOthers:
            for name in CarriedHeaders.bodyRows { self.copy(all: name, from: message) }
            let (bytes, contentType) = body.replacing(description)
            return self.finish(body: bytes, contentType: contentType)
        case .opaque where description == nil:
            return self.finish(passing: payload, of: message)
        case .none, .description, .mixed, .opaque, .unsupported:
            return self.finish(description: description)
        }
    }
}
