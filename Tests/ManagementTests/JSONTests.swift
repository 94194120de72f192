// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

func parse(_ text: String, _ limits: JSONValue.Limits = .init()) -> JSONValue? {
    try? JSONValue(parsing: Array(text.utf8), limits: limits)
}

func text(_ value: JSONValue, pretty: Bool = false) -> String {
    String(decoding: value.encoded(pretty: pretty), as: UTF8.self)
}

@Test(arguments: [
    ("null", JSONValue.null), (" true ", true), ("false", false), ("0", 0), ("-12", -12),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
    ("1.5e1", .number(15)), ("-0.25", .number(-0.25)), ("\"\"", ""), ("[]", []), ("{}", [:]),
    (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\ud83d\ude00""#, "é😀"),
    ("[1,[2,{\"a\":null}]]", [1, [2, ["a": nil]]]),
    ("{\"b\":1 , \"a\":[]}", ["a": [], "b": 1]),
] as [(String, JSONValue)])
func jsonThatIsRead(source: String, value: JSONValue) {
    #expect(parse(source) == value)
    #expect(parse(text(value)) == value)
    #expect(parse(text(value, pretty: true)) == value)
}

@Test(arguments: [
    "", " ", "nul", "nullx", "01", "-", "-01", "1.", ".5", "1e", "+1", "1e999", "'a'", "\"", "\"\\x\"",
    "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "[1,]", "[1 2]",
    "[", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "1 2", "[]]", "// a",
    "NaN", "Infinity",
])
func jsonThatIsRefused(source: String) {
    #expect(parse(source) == nil)
}

@Test func jsonThatIsNotUTF8IsRefused() {
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xc0, 0x80, 0x22]) }
}

@Test func jsonLimits() {
    let nested = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(parse(nested) != nil)
    #expect(parse("[\(nested)]") == nil)
    #expect(parse("[1,2,3]", .init(bytes: 7)) != nil)
    #expect(parse("[1,2,3]", .init(bytes: 6)) == nil)
    #expect(parse("[1,2,3]", .init(values: 4)) != nil)
    #expect(parse("[1,2,3]", .init(values: 3)) == nil)
}

@Test func jsonErrorsNameTheirLine() {
    let error = #expect(throws: JSONError.self) {
        try JSONValue(parsing: Array("{\n\"a\": 1\n\"b\": 2}".utf8))
    }
    #expect(error?.line == 3)
    #expect(error?.description == "line 3: a comma or } is missing")
}

@Test func jsonOutput() {
    let value: JSONValue = ["name": "a\u{1}\"\n", "list": [1, true, nil], "empty": [], "o": [:]]
    #expect(text(value) == #"{"name":"a\u0001\"\n","list":[1,true,null],"empty":[],"o":{}}"#)
    let pretty = """
        {
          "name": "a\\u0001\\"\\n",
          "list": [
            1,
            true,
            null
          ],
          "empty": [],
          "o": {}
        }
        """
    #expect(text(value, pretty: true) == pretty)
    #expect(text(.number(.infinity)) == "null")
    #expect(JSONValue(UInt64.max) == .number(0x1p64))
}

@Test func arbitraryBytesNeverTrap() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("{}[]\":,\\u0123eE+-.tfn \n".utf8) + [0xff, 0xd8]
    var read = 0
    for _ in 0..<20_000 {
        let bytes = (0..<Int.random(in: 0...12)).compactMap { _ in
            alphabet.randomElement(using: &generator)
        }
        if let value = try? JSONValue(parsing: bytes) {
            read += 1
            #expect((try? JSONValue(parsing: value.encoded())) == value)
        }
    }
    #expect(read > 0)
}
