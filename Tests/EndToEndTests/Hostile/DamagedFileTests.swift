// A truncated history, or one with overwritten pages, gives the right answer or is refused.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct DamagedFileTests {
  let folder: TemporaryFolder
  let path: String
  let whole: Data
  let answer: Command.Outcome
  private let pageSize = 4096

  init() throws {
    let recording = try Recording([10, 20])
    try recording.record()
    whole = try Data(contentsOf: URL(fileURLWithPath: recording.path))
    folder = recording.folder
    path = recording.path
    answer = try Self.query(path)
    #expect(answer.status == 0)
  }

  private static func query(_ path: String) throws -> Command.Outcome {
    try Command.nshist("query", "same", "10", "20", "--format", "json", "--db", path)
  }

  /// Writes these bytes as the history, and returns whether it is refused. Fails if the outcome is neither a refusal
  /// nor the right answer.
  private func isRefused(_ bytes: Data, _ what: String) throws -> Bool {
    try bytes.write(to: URL(fileURLWithPath: path))
    let outcome = try Self.query(path)
    #expect(try contents(of: folder.path) == ["history.db": bytes], "\(what)")
    if outcome.status == 0 {
      #expect(outcome.output == answer.output, "\(what)")
      return false
    }
    #expect(outcome.status == 65, "\(what): \(outcome.messages)")
    #expect(outcome.output == "", "\(what)")
    expectOneLine(outcome.messages, saying: path)
    return true
  }

  @Test func aTruncatedFile() throws {
    let lengths =
      [1, 15, 16, 99, 100, 511, 512, 1024, pageSize - 1, pageSize, pageSize + 1]
      + stride(from: 2 * pageSize, to: whole.count, by: 3 * pageSize)
      + [whole.count / 2, whole.count - pageSize, whole.count - 1]
    var refused = 0
    for length in lengths where try isRefused(whole.prefix(length), "\(length) bytes") {
      refused += 1
    }
    #expect(refused > lengths.count / 2)
  }

  @Test(arguments: [0x00, 0xFF] as [UInt8]) func anOverwrittenPage(byte: UInt8) throws {
    var refused = 0
    for page in 0..<(whole.count / pageSize) {
      var bytes = whole
      // The first 100 bytes are the database header, without which the file is not recognised.
      let start = page == 0 ? 100 : page * pageSize
      bytes.resetBytes(in: start..<((page + 1) * pageSize))
      if byte != 0 { for offset in start..<((page + 1) * pageSize) { bytes[offset] = byte } }
      if try isRefused(bytes, "page \(page + 1)") { refused += 1 }
    }
    // Each of the tables boot, session, sample, task, membership, set, links and namespaces has a page.
    #expect(refused >= 8)
  }

  @Test func everyPageButTheFirst() throws {
    let bytes = whole.prefix(pageSize) + Data(repeating: 0x5A, count: whole.count - pageSize)
    #expect(try isRefused(bytes, "all pages"))
    let target = folder.file("out.csv")
    let export = try Command.nshist("export", "--db", path, "--output", target)
    expectRefusal(export, 65, saying: path)
    let record = try Command.nshist("record", "--samples", "1", "--db", path)
    expectRefusal(record, 65, saying: path)
    #expect(try contents(of: folder.path) == ["history.db": bytes])
  }
}
