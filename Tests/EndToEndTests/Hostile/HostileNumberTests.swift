// Numbers that no kernel reports and no recorder writes are refused or printed as they are, and nothing traps.

import Foundation
import SQLite
import TestSupport
import Testing

@Suite(.serialized) struct HostileNumberTests {
  private let recording: Recording

  init() throws { recording = try Recording() }

  @Test(
    "impossible start times in /proc are recorded and answered",
    arguments: [UInt64(900_000_000_000), UInt64.max, 1 << 63])
  func startTime(ticks: UInt64) throws {
    try recording.proc.add(30, start: ticks)
    #expect(try recording.record(samples: 2).status == 0)
    let answer = try Command.nshist("query", "same", "10", "30", "--db", recording.path)
    #expect(answer.status < 3, "\(answer.messages)")
  }

  private static let edits = [
    "UPDATE boot SET ticks_per_second = 1000000000000",
    "UPDATE boot SET ticks_per_second = 9223372036854775807",
    "UPDATE task SET start_ticks = 9223372036854775807, start_wall_ns = -9223372036854775808",
    "UPDATE task SET start_wall_ns = 9223372036854775807",
    "UPDATE sample SET wall_ns = 9223372036854775807, duration_ns = 9223372036854775807",
    "UPDATE sample SET wall_ns = -9223372036854775808, boot_ns = -9223372036854775808",
    "UPDATE sample SET boot_ns = 9223372036854775807",
    "UPDATE membership SET until_seq = 9223372036854775807",
    "UPDATE membership SET from_seq = -9223372036854775808",
    "UPDATE session SET first_seq = -9223372036854775808",
    "UPDATE session SET last_seq = 9223372036854775807",
    "UPDATE session SET first_seq = 3, last_seq = 1",
    "INSERT INTO clock_step VALUES (9223372036854775807, 1)",
    "INSERT INTO clock_step VALUES (-1, 1)",
    "UPDATE sample SET gap = 4",
    "DELETE FROM sample WHERE seq = 2",
    "UPDATE namespace SET inode = -1, kernel_id = NULL, session_id = 1, inode_generation = inode",
    "DELETE FROM namespace_set_link WHERE link = 3",
    "UPDATE task SET pid = 10",
    "UPDATE membership SET exact = 3",
    "UPDATE sample SET exact = 1",
    "INSERT INTO event_batch VALUES (-9223372036854775808, 1, 0, 0, '000000')",
    "INSERT INTO event_batch VALUES (9223372036854775807, 1, 0, 0, '000000000000')",
    "INSERT INTO event_batch VALUES (4, 1, 9223372036854775807, 9223372036854775807, 'later!')",
    "INSERT INTO event_batch VALUES (2, 1, 0, 0, '')",
    "INSERT INTO short_lived_task (from_seq, length, pid, set_id) VALUES (2, 9223372036854775807, 10, 1)",
    "INSERT INTO short_lived_task (from_seq, length, pid, set_id) VALUES (2, -1, 10, 99)",
    "INSERT INTO short_lived_task (from_seq, length, pid, set_id) VALUES (1, 1, 10, 1)",
  ]

  @Test(
    "a file that contradicts itself is refused",
    arguments: [
      "UPDATE membership SET until_seq = 999 WHERE membership_id = 1",
      "UPDATE membership SET from_seq = 3, until_seq = 2",
      "UPDATE membership SET from_seq = 99, until_seq = 99",
      "INSERT INTO membership VALUES (99, 1, 1, 1, 3, NULL, NULL, NULL)", "DELETE FROM boot",
      "DELETE FROM pid_space", "UPDATE session SET last_seq = 9",
      "UPDATE session SET first_seq = 2",
      "UPDATE task SET task_id = -task_id; UPDATE membership SET task_id = -task_id",
      "INSERT INTO short_lived_task (from_seq, length, pid, set_id) VALUES (-1, 0, 10, 1)",
    ])
  func contradiction(sql: String) throws {
    try recording.record(samples: 3)
    // Records a second session, so that numbers beyond the first session may still exist.
    try recording.record(samples: 3)
    try Connection(path: recording.path, access: .readWrite).execute(
      "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; \(sql)")
    for arguments in [
      ["query", "same", "10", "20", "--db", recording.path], ["export", "--db", recording.path],
    ] {
      let outcome = try Command.run(Command.nshist, arguments)
      #expect(outcome.status == 65, "\(arguments): \(outcome.messages) \(outcome.output)")
    }
  }

  @Test("a file with edited numbers is refused or answered, without a trap", arguments: edits)
  func edited(sql: String) throws {
    try recording.record(samples: 3)
    try Connection(path: recording.path, access: .readWrite).execute(
      "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; \(sql)")
    let same = ["query", "same", "10", "20", "--db", recording.path]
    for arguments in [
      same, same + ["--at", "now"], same + ["--since", "-1h"], same + ["--format", "json"],
      ["query", "same", "10@@1", "20", "--db", recording.path],
      ["export", "--db", recording.path], ["export", "--since", "-1h", "--db", recording.path],
      ["export", "--format", "trace", "--db", recording.path],
      ["report", "--output", "-", "--db", recording.path],
      ["report", "10", "20", "--output", "-", "--db", recording.path],
      ["record", "--samples", "1", "--proc-root", recording.proc.path, "--db", recording.path],
    ] {
      let outcome = try Command.run(Command.nshist, arguments)
      #expect(outcome.status < 3 || outcome.status == 65, "\(arguments): \(outcome.messages)")
      #expect(!outcome.messages.contains("Fatal"), "\(arguments): \(outcome.messages)")
    }
  }
}
