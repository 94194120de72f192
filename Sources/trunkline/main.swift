// SPDX-License-Identifier: Apache-2.0
// One process, one verb: finds it, reads its arguments, runs it.

import Glibc

// `trunkline flows | head` ends quietly.
signal(SIGPIPE, SIG_DFL)

exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
