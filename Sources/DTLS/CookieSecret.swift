// SPDX-License-Identifier: Apache-2.0

/// Gives each source of an association a cookie that nobody else can name.
struct CookieSecret {
    private let key: [UInt8]

    init() {
        var random = SystemRandomNumberGenerator()
        self.key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    func cookie(_ source: [UInt8]) -> [UInt8] { cookieBytes(self.key, source) }
}
