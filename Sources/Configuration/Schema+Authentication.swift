// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for digest authentication and registration.
enum TrunkAuthenticationKeys {
    static let username = Key(
        "username", .text, .described("none"),
        "User that challenges of the peer are answered with.", example: "edge1", isRare: true)
    static let password = Key(
        "password", .text, .described("none"),
        "Password of that user. Better in a file of its own.", example: "\"change me\"",
        isRare: true)
    static let passwordFile = Key(
        "password-file", .text, .described("none"),
        "File whose first line is that password; relative to this file.",
        example: "secrets/carrier", isRare: true)
    static let authRealm = Key(
        "auth-realm", .text, .described("any realm"),
        "Realm that user and password are for; challenges with another one are not answered.",
        example: "carrier.example", isRare: true)
    static let authenticate = Key(
        "authenticate", .flag, .standard("false"),
        "Its requests outside of calls are asked for a user and a password; OPTIONS is not.",
        example: "false", isRare: true)
    static let authenticateInDialog = Key(
        "authenticate-in-dialog", .flag, .standard("false"),
        "So are its requests inside calls; ACK and CANCEL cannot be.", example: "false",
        isRare: true)
    static let usersFile = Key(
        "users-file", .text, .described("none"),
        "File with a line USER:PASSWORD for each user that it may show; relative to this file.",
        example: "secrets/users", isRare: true)
    static let challengeRealm = Key(
        "challenge-realm", .text, .described("the node's name"), "Realm of those challenges.",
        example: "edge1", isRare: true)
    static let register = Key(
        "register", .text, .described("nothing is registered"),
        "Registers with the peer; keys: user, domain, expires, retry-seconds, required.",
        example: "{ user: \"+12025550100\", domain: carrier.example, expires: 3600 }",
        isRare: true)
    static let all = [
        username, password, passwordFile, authRealm, authenticate, authenticateInDialog,
        usersFile, challengeRealm, register,
    ]
}

/// Keys of a trunk's `register` section.
enum RegisterKeys {
    static let user = Key(
        "user", .text, .required, "User part of the address and of Contact.",
        example: "\"+12025550100\"")
    static let domain = Key(
        "domain", .text, .described("the peer's host"), "Host of the address.",
        example: "carrier.example")
    static let expires = Key(
        "expires", .integer(60...86_400), .standard("3600"), unit: "seconds",
        "How long to be registered.", example: "3600")
    static let retry = Key(
        "retry-seconds", .integer(1...1_800), .standard("30"), unit: "seconds",
        "How long to wait after a failure; doubles with each.", example: "30")
    static let required = Key(
        "required", .flag, .standard("true"),
        "The trunk gets no calls while it is not registered.", example: "true")
    static let all = [user, domain, expires, retry, required]
}
