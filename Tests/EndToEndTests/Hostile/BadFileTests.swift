// A file that is no history is refused in one line, and is not changed.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.serialized) struct BadFileTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
  }

  private func query(_ path: String) throws -> Command.Outcome {
    try Command.nshist("query", "same", "10", "20", "--format", "json", "--db", path)
  }

  private func record(_ path: String) throws -> Command.Outcome {
    try Command.nshist("record", "--samples", "1", "--db", path)
  }

  /// Expects a reader and an export to refuse the file, and nothing to change.
  private func expectUnread(
    _ status: Int32, saying words: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try contents(of: folder.path)
    expectRefusal(try query(path), status, saying: words, at: location)
    expectRefusal(
      try Command.nshist("export", "--db", path), status, saying: words, at: location)
    #expect(try contents(of: folder.path) == before, sourceLocation: location)
  }

  /// Expects a recorder to refuse the file, and nothing to change.
  private func expectUnrecorded(
    _ status: Int32, saying words: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try contents(of: folder.path)
    expectRefusal(try record(path), status, saying: words, at: location)
    #expect(try contents(of: folder.path) == before, sourceLocation: location)
  }

  @Test func aMissingFile() throws {
    try expectUnread(66, saying: "there is no such file")
  }

  @Test func aMissingFolder() throws {
    let path = folder.file("missing/history.db")
    expectRefusal(try query(path), 66, saying: path)
    expectRefusal(try record(path), 73, saying: path)
    #expect(try contents(of: folder.path).isEmpty)
  }

  @Test func aFileInPlaceOfAFolder() throws {
    try Data("x".utf8).write(to: URL(fileURLWithPath: path))
    expectRefusal(try query(path + "/history.db"), 66, saying: "Not a directory")
    expectRefusal(try record(path + "/history.db"), 73, saying: "Not a directory")
  }

  @Test func anEmptyFile() throws {
    try Data().write(to: URL(fileURLWithPath: path))
    try expectUnread(65, saying: "it is empty")
  }

  @Test func aFileOfOneByte() throws {
    // SQLite takes it for an empty database.
    try Data("x".utf8).write(to: URL(fileURLWithPath: path))
    try expectUnread(65, saying: path)
    try expectUnrecorded(65, saying: path)
  }

  @Test(arguments: ["xy", "not a database\n", String(repeating: "not a database\n", count: 1000)])
  func anotherKindOfFile(text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try expectUnread(65, saying: "not a database")
    try expectUnrecorded(65, saying: "not a database")
  }

  @Test(arguments: ["DELETE", "WAL"]) func anotherProgramsDatabase(journal: String) throws {
    try Connection(path: path, access: .readWrite).execute(
      "PRAGMA journal_mode = \(journal); CREATE TABLE precious (x); INSERT INTO precious VALUES (1)"
    )
    try expectUnread(65, saying: "another program's database")
    try expectUnrecorded(65, saying: "another program's database")
  }

  @Test func aNewerVersion() throws {
    try Recording(folder: folder).record()
    try Connection(path: path, access: .readWrite).execute("PRAGMA user_version = 9999")
    try expectUnread(65, saying: "newer nshist")
    try expectUnrecorded(65, saying: "newer nshist")
  }

  @Test("a schema version that differs from the last migration is refused", arguments: [0, -1])
  func aVersionThatIsNone(version: Int) throws {
    try Recording(folder: folder).record()
    try Connection(path: path, access: .readWrite).execute("PRAGMA user_version = \(version)")
    try expectUnread(65, saying: "another build")
    try expectUnrecorded(65, saying: "another build")
  }

  @Test func aSchemaOfAnotherBuild() throws {
    try Recording(folder: folder).record()
    try Connection(path: path, access: .readWrite).execute("UPDATE migration SET checksum = 'x'")
    try expectUnread(65, saying: "another build")
    try expectUnrecorded(65, saying: "another build")
  }

  @Test("a file with a schema from before the first release is refused and not changed")
  func anOldLayout() throws {
    try Recording(folder: folder).record()
    // Such files had nine migrations, the first of them with another text.
    try Connection(path: path, access: .readWrite).execute(
      """
      UPDATE migration SET checksum = '0123456789abcdef';
      INSERT INTO migration SELECT value, 'V000' || value, 'x', 0 FROM json_each('[2,3,4,5,6,7,8,9]');
      PRAGMA user_version = 9
      """)
    try expectUnread(65, saying: "from before the first release")
    try expectUnrecorded(65, saying: "from before the first release")
  }

  @Test func aDirectory() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    expectRefusal(try query(path), 65, saying: "it is a directory")
    expectRefusal(try record(path), 73, saying: "it is a directory")
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
  }

  @Test func aBlankDatabaseIsRecordedInto() throws {
    // A recorder that is killed after creating the file and before creating its tables leaves this.
    try Connection(path: path, access: .readWrite).execute("PRAGMA journal_mode = WAL")
    #expect(try !contents(of: folder.path).isEmpty)
    try expectUnread(65, saying: "it is empty")
    #expect(try Recording(folder: folder).record().status == 0)
    #expect(try query(path).status == 0)
  }
}
