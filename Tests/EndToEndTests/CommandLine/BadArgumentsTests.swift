// A mistake in the arguments prints one line, ends with status 64, and touches no file.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct BadArgumentsTests {
  static let same = ["query", "same"]
  static let mistakes: [[String]] = [
    same + ["ten", "20"], same + ["0", "20"], same + ["-1", "20"], same + ["-1", "10", "20"],
    same + ["99999999999999999999", "20"], same + ["2147483648", "20"], same + ["1 0", "20"],
    same + ["+10", "20"], same + ["10.0", "20"], same + ["", "20"], same + ["10@", "20"],
    same + ["10@never", "20"], same + ["10", "10"], same + ["10", "20", "10"],
    same + ["10", "20", "--at", "9999-12-31"], same + ["10", "20", "--at", "2262-04-13"],
    same + ["10@9999-01-01", "20"], same + ["10", "20", "--since", "0001-01-01"],
    ["check", "10", "10"], ["export", "--output", ""], ["record", "--proc-root", ""],
    same + ["٣", "20"],
    same + ["10"], same,
    same + ["10", "20", "--type", "network"], same + ["10", "20", "--type", "net,"],
    same + ["10", "20", "--type", ""], same + ["10", "20", "--type", "NET"],
    same + ["10", "20", "--since", "now", "--until", "-1h"],
    same + ["10", "20", "--at", "now", "--since", "-1h"],
    same + ["10", "20", "--at", "now", "--until", "now"],
    same + ["--since", "-1h"], same + ["--at", "-1h", "--until", "-1h", "10", "20"],
    ["query", "history", "--since", "-1h"],
    same + ["10", "20", "--at", "25:00"], same + ["10", "20", "--at", "2026-02-30"],
    same + ["10", "20", "--at", "soon"], same + ["10", "20", "--since", ""],
    same + ["10", "20", "--until", "@99999999999999999999"],
    same + ["10", "20", "--format", "xml"], same + ["10", "20", "--colour"],
    ["record", "--interval", "0"], ["record", "--interval", "0s"],
    ["record", "--interval=-5"], ["record", "--interval", "-5"],
    ["record", "--interval", "often"], ["record", "--interval", ""],
    ["record", "--interval", "0.1ms"], ["record", "--interval", "1e9"],
    ["record", "--interval", "2d"], ["record", "--interval", "99999999999999999999"],
    ["record", "--source", "perf"],
    ["record", "--samples", "0"], ["record", "--samples=-1"], ["record", "--samples", "many"],
    ["record", "--keep", "0"], ["record", "--keep", "0s"], ["record", "--keep", "30"],
    ["record", "--keep", "long"], ["record", "--keep", "100ms"], ["record", "--keep", ""],
    ["record", "--max-size", "0"], ["record", "--max-size", "1M"],
    ["record", "--max-size", "lots"],
    ["record", "--max-size", "-2G"], ["record", "--max-size", "99999999999G"],
    ["record", "--max-size", ""], ["record", "--max-size", "G"],
    ["db", "prune"], ["db", "prune", "--before", "soon"], ["db", "prune", "--to-size", "1K"],
    ["db", "prune", "--to-size", "off"], ["db", "prune", "--before", "now", "--to-size", "20M"],
    ["db", "info", "--max-size", "much"], ["db", "shrink"], ["db", "compact", "10"],
    ["record", "--sampels", "1"], ["record", "--samples", "1", "stray"],
    ["export", "--pid", "10,"], ["export", "--pid", "0"], ["export", "--type", "network"],
    ["export", "--since", "now", "--until", "-1h"], ["export", "--until", "soon"],
    ["export", "--format", "xml"], ["export", "10"],
    ["check", "10"], ["check", "ten", "20"], ["check", "0", "20"],
    ["check", "10", "20", "--type", "network"],
    ["replay"], ["query", "different", "10", "20"], ["--db"],
  ]

  @Test(arguments: mistakes) func aMistakeIsOneLine(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    // The content of the file must not matter, since it is not read.
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    let before = try contents(of: folder.path)

    let outcome = try Command.run(
      Command.nshist, arguments, environment: ["NSHIST_DB": path])

    expectRefusal(outcome, 64, saying: "--help)")
    #expect(try contents(of: folder.path) == before)
  }

  @Test func anEmptyPathIsAMistake() throws {
    expectRefusal(try Command.nshist("query", "same", "10", "20", "--db", ""), 64, saying: "--db")
    expectRefusal(try Command.nshist("record", "--samples", "1", "--db", ""), 64, saying: "--db")
  }

  @Test func theMistakenWordIsNamed() throws {
    expectRefusal(try Command.nshist("query", "same", "ten", "20"), 64, saying: "'ten'")
    expectRefusal(
      try Command.nshist("query", "same", "1", "2", "--type", "network"), 64, saying: "'network'")
    expectRefusal(
      try Command.nshist("query", "same", "1", "2", "--at", "soon"), 64, saying: "'soon'")
    expectRefusal(try Command.nshist("record", "--interval", "often"), 64, saying: "'often'")
  }
}
