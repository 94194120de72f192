// SPDX-License-Identifier: Apache-2.0

// Values of a description, of the entry in SDPFuzz.swift: keys, candidates, fingerprints and
// formats, whatever the policy of a leg would make of them.

func checkValues(_ session: SessionDescription) {
    for media in session.media {
        _ = (media.rtcp, media.connection(in: session)?.host)
        let direction = media.direction(in: session)
        precondition(Direction.first(in: [Attribute(direction.attributeName)]) == direction)
        checkList(media.rtpFormats)
        for attribute in media.attributes { check(attribute) }
    }
}

/// What is read is read again when it is written.
private func check(_ attribute: Attribute) {
    guard let value = attribute.value else { return }
    if attribute.name.isLiteral("crypto") {
        do throws(CryptoFault) {
            let line = try CryptoAttribute(value)
            precondition(line.attribute.value.flatMap { try? CryptoAttribute($0) } == line)
            precondition(line.master.mki.count <= SRTPMasterKey.longestMKI)
            // Keys do not get into logs.
            precondition(line.master.description == line.suite.name.description)
        } catch {
            precondition(!error.rawValue.isEmpty)
        }
    } else if attribute.name.isLiteral("candidate") {
        guard let candidate = ICECandidate(value) else { return }
        precondition(candidate.attribute.value.flatMap(ICECandidate.init) == candidate)
    } else if attribute.name.isLiteral("fingerprint") {
        guard let fingerprint = Fingerprint(value) else { return }
        precondition(fingerprint.attribute.value.flatMap(Fingerprint.init) == fingerprint)
    }
}

/// A list that names the formats takes them, in their order, and offers what it takes.
private func checkList(_ formats: [RTPFormat]) {
    let names = formats.compactMap { format in
        String(validating: format.name.bytes, as: UTF8.self).map {
            "\($0)/\(format.clockRate)/\(format.channels)"
        }
    }
    guard names.count == formats.count, let list = CodecFilter(names: names) else { return }
    precondition(formats.allSatisfy(list.allows))
    precondition(list.ordered(formats, .listed).count == formats.count)
    let own = list.ownFormats
    precondition(own.count <= AudioStream.formatLimit && own.allSatisfy(list.allows))
    precondition(own.allSatisfy { $0.payloadType < 128 })
}
