// Edits a history in ways that no recorder would, and asks questions of it.

import Foundation
import Glibc
import SQLite

@testable import nshist

/// A history of this machine, of which each input is a list of edits.
enum HistoryTarget {
  /// The history, and the questions that have an answer in it.
  private struct Base {
    let bytes: [UInt8]
    /// Each column of each table.
    let columns: [(table: String, column: String)]
    let questions: [[String]]
    let copy: String
    /// Prints to nobody.
    let console: Console
  }

  private static let base: Base = {
    let copy = "/dev/shm/nshist-fuzz-\(getpid()).db"
    let path = copy + ".original"
    let nowhere = Console(output: open("/dev/null", O_WRONLY | O_CLOEXEC), messages: STDERR_FILENO)
    defer { for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) } }
    let status = keepingSignalActions {
      NSHist.run(
        ["record", "--samples", "3", "--interval", "100ms", "--events", "off", "--db", path],
        on: nowhere)
    }
    precondition(status == 0, "the history was not recorded: \(status)")
    do {
      let connection = try Connection(path: path, access: .readWrite)
      let columns = try connection.prepare(
        """
        SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1, 2
        """
      ).map { (table: $0.text(0), column: $0.text(1)) }
      let pids = try connection.prepare(
        "SELECT pid FROM task WHERE NOT kernel_thread ORDER BY task_id DESC LIMIT 2"
      ).map { "\($0.integer(0))" }
      let time = try connection.prepare(
        "SELECT '@' || wall_ns / 1000000000 FROM sample ORDER BY seq DESC LIMIT 1"
      ).map { $0.text(0) }
      guard pids.count == 2, let at = time.first else { fatalError("\(path) holds no process") }
      let questions = [
        ["query", "same", pids[0], pids[1]], ["query", "same", pids[0], "1", "--at", at],
        ["query", "history", pids[0]], ["query", "members", "net@\(pids[0])"],
        ["query", "peers", pids[0], "--initial"], ["query", "changes"], ["query", "namespaces"],
        ["query", "namespaces", "--at", at], ["query", "processes", "--at", at],
        ["query", "tree", "--at", at], ["query", "coverage"],
        ["query", "shared", pids[0], "host"], ["timeline", pids[0], pids[1]],
        ["export", "--format", "csv"], ["db", "verify"], ["db", "info"],
      ]
      return Base(
        bytes: Array(try Data(contentsOf: URL(fileURLWithPath: path))), columns: columns,
        questions: questions, copy: copy,
        console: Console(output: nowhere.output, messages: nowhere.output))
    } catch { fatalError("\(path): \(error)") }
  }()

  /// Performs something that changes what signals do, and restores that: the programs that other tests start inherit
  /// which signals are ignored.
  private static func keepingSignalActions<T>(_ body: () -> T) -> T {
    var actions: [Int32: sigaction] = [:]
    for signal in 1..<Int32(32) {
      var action = sigaction()
      if sigaction(signal, nil, &action) == 0 { actions[signal] = action }
    }
    defer { for (signal, var action) in actions { _ = sigaction(signal, &action, nil) } }
    return body()
  }

  /// Makes the edits of an input, and asks one question. Its first byte chooses the question, and its second whether
  /// the edits are made by SQL, so that the file stays one for SQLite, or in the bytes of the file.
  @Sendable static func edit(_ input: [UInt8]) {
    guard input.count > 6 else { return }
    let question = base.questions[Int(input[0]) % base.questions.count]
    let edits = input.dropFirst(2)
    do {
      if input[1].isMultiple(of: 2) {
        try write(editedBytes(edits))
      } else {
        try write(base.bytes)
        try editBySQL(edits)
      }
    } catch { return }
    let status = NSHist.run(
      question + ["--db", base.copy], on: base.console)
    precondition((0...2).contains(status) || (64...77).contains(status), "\(question): \(status)")
    for suffix in ["", "-wal", "-shm"] { unlink(base.copy + suffix) }
  }

  private static func write(_ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: base.copy))
  }

  /// Each edit has four bytes: three of the position, and one that takes the place of what is there.
  private static func editedBytes(_ edits: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = base.bytes
    var rest = edits
    while rest.count >= 4 {
      let four = Array(rest.prefix(4))
      rest = rest.dropFirst(4)
      let position = Int(four[0]) << 16 | Int(four[1]) << 8 | Int(four[2])
      bytes[position % bytes.count] = four[3]
    }
    return bytes
  }

  /// Each edit has four bytes: the column, which of its rows, the kind of the new value, and the value.
  private static func editBySQL(_ edits: ArraySlice<UInt8>) throws {
    let connection = try Connection(path: base.copy, access: .readWrite)
    try connection.execute(
      "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF")
    var rest = edits.prefix(40)
    while rest.count >= 4 {
      let four = Array(rest.prefix(4))
      rest = rest.dropFirst(4)
      let (table, column) = base.columns[Int(four[0]) % base.columns.count]
      let value =
        switch four[2] % 8 {
        case 0: "NULL"
        case 1: "\(Int8(bitPattern: four[3]))"
        case 2: "\(Int64(Int8(bitPattern: four[3])) << 56)"
        case 3: "(9223372036854775807 - \(four[3]))"
        case 4: "\(column) + \(Int8(bitPattern: four[3]))"
        case 5: "printf('%.*c', \(Int(four[3]) * 40), char(27))"
        case 6: "CAST(x'ff00c3281b' AS TEXT)"
        default: "(SELECT \(column) FROM \(table) LIMIT 1 OFFSET \(four[3] % 16))"
        }
      let rows = four[1] == 0 ? "" : " WHERE rowid % \(four[1]) = 0"
      // A constraint or a table without row numbers may refuse an edit; the others are made.
      try? connection.execute("UPDATE OR REPLACE \(table) SET \(column) = \(value)\(rows)")
    }
  }
}
