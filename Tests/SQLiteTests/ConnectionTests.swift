// Tests the thin layer over SQLite: values are stored and read back unchanged, and errors carry their details.

import Foundation
import SQLite
import TestSupport
import Testing

struct ConnectionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ name: String = "test.db") throws -> Connection {
    try Connection(path: folder.file(name), access: .readWrite)
  }

  @Test("texts and numbers are read back as they were bound, also texts with a NUL")
  func roundTrip() throws {
    let connection = try open()
    try connection.execute("CREATE TABLE t (a ANY) STRICT")
    let texts = ["", "a", "a\0b", "ünï💥", String(repeating: "x", count: 100_000)]
    for text in texts {
      try connection.prepare("INSERT INTO t VALUES (?)").bind(.text(text)).run()
    }
    for number in [Int64.min, -1, 0, 1, .max] {
      try connection.prepare("INSERT INTO t VALUES (?)").bind(.integer(number)).run()
    }
    try connection.prepare("INSERT INTO t VALUES (?)").bind(.null).run()
    let rows = try connection.prepare("SELECT a FROM t ORDER BY rowid")
      .map { ($0.text(0), $0.integer(0), $0.isNull(0)) }
    #expect(rows.prefix(5).map(\.0) == texts)
    #expect(rows[5..<10].map(\.1) == [Int64.min, -1, 0, 1, .max])
    #expect(rows.map(\.2) == Array(repeating: false, count: 10) + [true])
    #expect(
      try connection.prepare("SELECT a FROM t WHERE a IS NULL").first { $0.optionalText(0) }
        == .some(nil))
  }

  @Test("a transaction that fails is rolled back")
  func rollBack() throws {
    let connection = try open()
    try connection.execute("CREATE TABLE t (a INTEGER UNIQUE) STRICT")
    #expect(throws: SQLiteError.self) {
      try connection.transaction { () throws(SQLiteError) in
        try connection.execute("INSERT INTO t VALUES (1)")
        try connection.execute("INSERT INTO t VALUES (1)")
      }
    }
    #expect(connection.isInAutocommit)
    #expect(try connection.prepare("SELECT count(*) FROM t").first { $0.integer(0) } == 0)
  }

  @Test("snapshots within a snapshot see what it sees")
  func snapshots() throws {
    let other = try open()
    try other.execute("PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER)")
    let reader = try Connection(path: folder.file("test.db"), access: .readOnly)
    func count() throws(SQLiteError) -> Int64? {
      try reader.snapshot(or: { $0 }) { () throws(SQLiteError) in
        try reader.prepare("SELECT count(*) FROM numbers").first { $0.integer(0) }
      }
    }
    try reader.snapshot(or: { $0 }) { () throws(SQLiteError) in
      #expect(try count() == 0)
      try other.execute("INSERT INTO numbers VALUES (1)")
      #expect(try count() == 0)
    }
    #expect(try count() == 1)
  }

  @Test("an error has the extended code and the statement, and never a bound value")
  func errors() throws {
    let connection = try open()
    try connection.execute("CREATE TABLE t (a TEXT UNIQUE) STRICT")
    let insert = "INSERT INTO t VALUES (?)"
    try connection.prepare(insert).bind("secret").run()
    do {
      try connection.prepare(insert).bind("secret").run()
      Issue.record("the second insert was let in")
    } catch {
      // SQLITE_CONSTRAINT_UNIQUE
      #expect(error.extendedCode == 2067)
      #expect(error.description.contains(insert))
      #expect(!error.description.contains("secret"))
    }
  }

  @Test("writing to a locked file fails as busy")
  func busy() throws {
    let first = try open()
    let second = try open()
    try first.execute("BEGIN IMMEDIATE")
    do {
      try second.execute("BEGIN IMMEDIATE")
      Issue.record("two writers at once")
    } catch { #expect(error.kind == .busy) }
  }

  @Test(
    "a path is taken literally: none of its characters is read as a URI or as SQL",
    arguments: ["a b.db", "a?mode=memory.db", "a#b.db", "100%41.db", "ünï.db", "a\"b'.db"])
  func paths(name: String) throws {
    try open(name).execute("CREATE TABLE t (a INTEGER) STRICT")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(files == [name])
  }

  @Test(
    "opening a missing file for reading does not create it",
    arguments: [Connection.Access.readOnly, .immutable])
  func readingMakesNoFile(access: Connection.Access) throws {
    #expect(throws: SQLiteError.self) {
      try Connection(path: folder.file("none.db"), access: access).execute("SELECT 1 FROM t")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("preparing one SQL text twice at once gives two statements")
  func nested() throws {
    let connection = try open()
    let numbers = "SELECT column1 FROM (VALUES (1), (2), (3)) WHERE column1 <= ?"
    var pairs: [[Int64]] = []
    let outer = try connection.prepare(numbers).bind(.integer(3))
    while try outer.step() {
      let inner = try connection.prepare(numbers).bind(.integer(2))
      #expect(inner !== outer)
      while try inner.step() { pairs.append([outer.integer(0), inner.integer(0)]) }
    }
    #expect(pairs == [[1, 1], [1, 2], [2, 1], [2, 2], [3, 1], [3, 2]])
    // After the last row, the cached statement is free again.
    #expect(try connection.prepare(numbers) === outer)
  }
}
