// Parses /proc/PID/stat, also with process names that imitate its syntax.

import Testing

@testable import Procfs

struct StatLineTests {
  private static let tail =
    " S 1 4711 4711 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 200 1844 1 1 0\n"

  private func line(_ comm: [UInt8]) -> [UInt8] {
    Array("4711 (".utf8) + comm + Array(")".utf8) + Array(Self.tail.utf8)
  }

  @Test(
    "a name may hold any characters, also parentheses and newlines",
    arguments: [
      "sleep", "foo )bar", "foo\nbar", ") R 1 1 1", "((()))", "", "\u{1B}[31m", "a b c", "(", ")",
    ])
  func names(comm: String) throws {
    let stat = try #require(StatLine(line(Array(comm.utf8))))
    #expect(stat.pid == 4711)
    #expect(stat.comm == Array(comm.utf8))
    #expect(stat.state == UInt8(ascii: "S"))
    #expect(stat.parentPID == 1)
    #expect(stat.startTicks == 98765)
    #expect(!stat.isKernelThread)
  }

  @Test("a name that is not UTF-8 is returned byte by byte")
  func invalidName() {
    #expect(StatLine(line([0xFF, 0xC3, 0x28]))?.comm == [0xFF, 0xC3, 0x28])
  }

  @Test("a truncated line is not parsed, or gives the same values")
  func prefixes() {
    let good = line(Array("foo )bar".utf8))
    let whole = StatLine(good)
    let start = good.count - Self.tail.utf8.count
    for length in 0..<good.count {
      guard let cut = StatLine(Array(good[..<length])) else { continue }
      #expect(cut == whole, "cut at \(length)")
      #expect(length > start + 50, "cut at \(length)")
    }
    // Only the byte after a number shows that the number was not cut off.
    let field = Array("4711 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 98765".utf8)
    #expect(StatLine(field) == nil)
    #expect(StatLine(field + [0x0A])?.startTicks == 98765)
  }

  @Test("kernel threads are recognized by their flag")
  func kernelThread() {
    let text = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 25 0 0 18446744\n"
    #expect(StatLine(Array(text.utf8))?.isKernelThread == true)
  }

  @Test(
    "a malformed line is not parsed",
    arguments: ["", "\n", "()", "1 ()", "x (a) S 1", "1 (a) S 1 1 1 0 -1 0 0 0 0", "1 a S 1\n"])
  func bad(text: String) {
    #expect(StatLine(Array(text.utf8)) == nil)
  }

  @Test("a line with a number out of range is not parsed")
  func outOfRange() {
    let text = String(decoding: line(Array("a".utf8)), as: UTF8.self)
    for (from, to) in [
      ("4711 (", "99999999999 ("), (" S 1 ", " S 99999999999 "), ("4194560", "99999999999"),
      ("98765", "99999999999999999999"), ("98765", "-1"),
    ] {
      let changed = text.replacing(from, with: to, maxReplacements: 1)
      #expect(changed != text)
      #expect(StatLine(Array(changed.utf8)) == nil, "\(to)")
    }
  }
}
