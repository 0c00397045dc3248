// The identity of a history file, and of the machine on which it was recorded.

import Foundation
import SQLite
import TestSupport
import Testing

struct HistoryIdentityTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func record(_ path: String) throws {
    let outcome = try Command.nshist(
      "record", "--samples", "1", "--interval", "20ms", "--events", "off", "--db", path)
    #expect(outcome.status == 0, "\(outcome.messages)")
  }

  private func texts(_ sql: String, _ path: String) throws -> [String?] {
    try Connection(path: path, access: .readWrite).prepare(sql).map { $0.optionalText(0) }
  }

  @Test("each file has a UUID of its own, which never changes")
  func uuid() throws {
    let paths = [folder.file("one.db"), folder.file("other.db")]
    for path in paths { try record(path) }
    let first = try paths.map { try texts("SELECT uuid FROM history", $0) }
    let form = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
    for uuids in first {
      let uuid = try #require(uuids.first ?? nil)
      #expect(uuids.count == 1)
      #expect(uuid.wholeMatch(of: form) != nil, "\(uuid)")
    }
    #expect(first[0] != first[1])
    try record(paths[0])
    #expect(try texts("SELECT uuid FROM history", paths[0]) == first[0])
  }

  @Test("a session records the host name and the machine ID")
  func machine() throws {
    let path = folder.file("history.db")
    try record(path)
    let host = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)
    #expect(
      try texts("SELECT host_name FROM session", path) == [host.trimmingCharacters(in: .newlines)])
    var id: String?
    if FileManager.default.fileExists(atPath: "/etc/machine-id") {
      id = try String(contentsOfFile: "/etc/machine-id", encoding: .utf8)
        .trimmingCharacters(in: .newlines)
    }
    #expect(try texts("SELECT machine_id FROM session", path) == [id])
  }

  @Test(
    "a machine ID in a FIFO, or behind a link out of the root, is not read")
  func noFile() throws {
    let root = folder.file("root")
    let file = root + "/etc/machine-id"
    try FileManager.default.createDirectory(
      atPath: root + "/etc", withIntermediateDirectories: true)
    for make in ["mkfifo '\(file)'", "ln -sf \(folder.file("secret")) '\(file)'"] {
      try Data("0123456789abcdef0123456789abcdef\n".utf8).write(
        to: URL(fileURLWithPath: folder.file("secret")))
      #expect(try Command.run("/bin/sh", ["-c", make]).status == 0)
      let path = folder.file("\(make.prefix(2)).db")
      let outcome = try Command.nshist(
        "record", "--samples", "1", "--host-root", root, "--events", "off", "--db", path)
      #expect(outcome.status == 0, "\(outcome.messages)")
      #expect(try texts("SELECT machine_id FROM session", path) == [nil])
    }
  }

  @Test("a malformed machine ID is not recorded")
  func noMachineID() throws {
    let root = folder.file("root")
    try FileManager.default.createDirectory(
      atPath: root + "/etc", withIntermediateDirectories: true)
    for (number, text) in ["uninitialized\n", "", "0123", String(repeating: "G", count: 32)]
      .enumerated()
    {
      try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/etc/machine-id"))
      let path = folder.file("\(number).db")
      let outcome = try Command.nshist(
        "record", "--samples", "1", "--host-root", root, "--events", "off", "--db", path)
      #expect(outcome.status == 0, "\(outcome.messages)")
      #expect(try texts("SELECT machine_id FROM session", path) == [nil])
    }
  }
}
