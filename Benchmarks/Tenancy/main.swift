// SPDX-License-Identifier: Apache-2.0
// trunkline-tenancy: what the tables of tenants and numbers cost. `--help` says what it does.

import Glibc

let help = """
    usage: trunkline-tenancy [--numbers N] [--lookups N] [--changes N]
           trunkline-tenancy --store FILE [--numbers N]

    Fills the tables that calls look tenants up in, looks numbers up and changes them, and prints
    one line of JSON.

      --numbers N   so many numbers, 100 of each tenant: 10000 to 14000000 (10000000)
      --lookups N   so many look-ups, each of a number that follows from what the one before has
                    found: 1000 to 100000000 (5000000)
      --changes N   so many changes that another thread waits for, and as many without one: 100 to
                    1000000 (10000)
      --store FILE  instead: fills a store, which must not be there, and opens it as a node that
                    starts does; without what happens beside, such as listeners

    Exit: 0 done, 64 wrong arguments, 69 no memory for that.
    """

func complain(_ text: String, _ code: Int32) -> Never {
    let bytes = Array("trunkline-tenancy: \(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
    exit(code)
}

var options = ["--numbers": 10_000_000, "--lookups": 5_000_000, "--changes": 10_000]
let ranges = [
    "--numbers": 10_000...14_000_000, "--lookups": 1_000...100_000_000,
    "--changes": 100...1_000_000,
]
var store: String?
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    if word == "--help" || word == "-h" {
        print(help)
        exit(0)
    }
    if word == "--store" {
        guard let path = words.popFirst(), access(path, F_OK) != 0 else {
            complain("--store: write the path of a file that is not there", 64)
        }
        store = path
        continue
    }
    guard let range = ranges[word] else { complain("there is no option \(word); see --help", 64) }
    guard let number = words.popFirst().flatMap({ Int($0) }), range.contains(number) else {
        complain("\(word): write a number from \(range.lowerBound) to \(range.upperBound)", 64)
    }
    options[word] = number
}
if let store {
    do {
        print(try StoreStart(path: store, numbers: options["--numbers", default: 0]).run())
        exit(0)
    } catch {
        complain("\(error)", 69)
    }
}
var measurement = Measurement(numbers: options["--numbers", default: 0])
guard
    let report = measurement.run(
        lookups: options["--lookups", default: 0], changes: options["--changes", default: 0])
else { complain("the tables took less than that", 69) }
print(report)
