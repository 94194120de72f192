// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import SIPAuthentication

private func response(
    _ algorithm: DigestAlgorithm, user: String = "Mufasa", realm: String, nonce: String,
    password: String, count: String? = "00000001", clientNonce: String = "",
    method: String = "GET", uri: String = "/dir/index.html", body: String? = nil
) -> String {
    let input = DigestInput(
        algorithm: algorithm, username: Array(user.utf8), realm: Array(realm.utf8),
        nonce: Array(nonce.utf8), method: Array(method.utf8), uri: Array(uri.utf8),
        quality: count.map {
            DigestInput.Quality(
                count: Array($0.utf8), clientNonce: Array(clientNonce.utf8),
                body: body.map { Array($0.utf8) })
        })
    return String(decoding: input.response(password: Array(password.utf8)), as: UTF8.self)
}

@Suite struct DigestVectorTests {
    @Test func rfc2617Section35() {
        #expect(
            response(
                DigestAlgorithm(.md5), realm: "testrealm@host.com",
                nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", password: "Circle Of Life",
                clientNonce: "0a4f113b") == "6629fae49393a05397450978507c4ef1")
    }

    @Test(arguments: [
        (DigestAlgorithm.Hash.md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (.sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ])
    func rfc7616Section391(_ hash: DigestAlgorithm.Hash, _ expected: String) {
        #expect(
            response(
                DigestAlgorithm(hash), realm: "http-auth@example.org",
                nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", password: "Circle of Life",
                clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ") == expected)
    }

    /// Section 3.9.2 with its two errata: SHA-512-256, a hashed user name.
    @Test func rfc7616Section392() {
        let user = "J\u{e4}s\u{f8}n Doe"
        let algorithm = DigestAlgorithm(.sha512_256)
        #expect(
            response(
                algorithm, user: user, realm: "api@example.org",
                nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
                password: "Secret, or not?",
                clientNonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", uri: "/doe.json")
                == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5")
        let hashed = algorithm.hex(Array("\(user):api@example.org".utf8))
        #expect(
            String(decoding: hashed, as: UTF8.self)
                == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b")
    }

    /// RFC 8760 section 2.6: without an algorithm MD5 is meant; the names that it adds.
    @Test func rfc8760Names() {
        #expect(DigestAlgorithm(token: "sha-256".utf8) == DigestAlgorithm(.sha256))
        #expect(DigestAlgorithm(token: "SHA-512-256".utf8) == DigestAlgorithm(.sha512_256))
        #expect(
            DigestAlgorithm(token: "MD5-sess".utf8) == DigestAlgorithm(.md5, isSession: true))
        #expect(DigestAlgorithm(token: "SHA-1".utf8) == nil)
        let value = Array("Digest realm=\"a\", nonce=\"b\"".utf8)
        #expect(DigestChallenge(value[...])?.algorithm == DigestAlgorithm(.md5))
    }

    /// Against Python's hashlib.
    @Test func sessionAndIntegrity() {
        #expect(
            response(
                DigestAlgorithm(.sha256, isSession: true), user: "u", realm: "r", nonce: "n",
                password: "p", clientNonce: "c", method: "INVITE", uri: "sip:a@b", body: "body")
                == "f915b547252f0295329d0c717e7f7fa8a72cfc4361a8c8e38819f60944a1b9a8")
        #expect(
            response(
                DigestAlgorithm(.md5), user: "u", realm: "r", nonce: "n", password: "p",
                count: nil, method: "REGISTER", uri: "sip:b") == "166e0c0251de89f8c86d555982bc3987")
    }
}
