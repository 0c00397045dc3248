// An option that has one value and is given twice is refused: the last value would count, and nothing would say so.
// Options whose values add up may be given as often as needed.

import TestSupport
import Testing

struct RepeatedOptionTests {
  private let path: String
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path)
  }

  private func run(_ question: String) throws -> Command.Outcome {
    try Command.run(
      Command.nshist, question.split(separator: " ").map(String.init),
      environment: ["NSHIST_DB": path])
  }

  @Test(
    arguments: [
      ("query same 4711 812 --at now --at now", "--at"),
      ("same 4711 812 --at=now --type net --at -5m", "--at"),
      ("query changes --since -1h --until now --since=-2h", "--since"),
      ("query history 4711 --until now --until -1h", "--until"),
      ("query peers 4711 --in web --in db", "--in"),
      ("query processes --container web --container db", "--container"),
      ("query changes --container web --container db", "--container"),
      ("query processes --comm sh --comm nginx", "--comm"),
      ("query namespaces --format csv --format json", "--format"),
      ("query tree --db a.db --db b.db", "--db"),
      ("query coverage --sort from --sort until", "--sort"),
      ("timeline 4711 --since -1h --since -2h", "--since"),
      ("export --format csv --output a.csv --output b.csv", "--output"),
      ("capture --since -1h --since -2h --until now --output a.db", "--since"),
      ("record --samples 1 --samples 2", "--samples"),
      ("db prune --before -1h --before -2h", "--before"),
    ])
  func isRefused(question: String, option: String) throws {
    let outcome = try run(question)
    expectRefusal(
      outcome, 64, saying: "\(option) is given more than once; give it once (see nshist ")
    #expect(outcome.output.isEmpty)
  }

  @Test(
    "options whose values add up, and flags, may be given more than once",
    arguments: [
      "query changes --since 2023-11-14 --type net --type uts --mark joined --mark created",
      "query changes --since 2023-11-14 --comm sh --comm nginx",
      "query processes --utc --utc --wide --wide", "export --pid 4711 --pid 812 --type net,uts",
    ])
  func mayBeRepeated(question: String) throws {
    let outcome = try run(question)
    #expect(outcome.status != 64, "\(outcome)")
  }

  @Test("a value that looks like an option is a value")
  func value() throws {
    expectRefusal(try run("query changes --since --since"), 64, saying: "'--since' is not a time")
  }
}
