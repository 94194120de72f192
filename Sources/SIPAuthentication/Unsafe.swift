// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module that calls C. C keeps nothing that it is given.

internal import COpenSSL

/// A hash of OpenSSL; empty where it refuses the hash.
func hash(_ number: UInt32, _ data: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(TL_HASH_BYTES_MAX))
    let count = tl_hash(number, data, data.count, &digest)
    return Array(digest.prefix(count))
}

/// HMAC with SHA-256; empty where it failed.
func authenticationCode(key: [UInt8], _ data: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(TL_HASH_BYTES_MAX))
    let count = tl_hmac_sha256(key, key.count, data, data.count, &digest)
    return Array(digest.prefix(count))
}

/// True for the same bytes, in a time that does not tell where they differ.
func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && tl_same_bytes(a, b, a.count) == 1
}
