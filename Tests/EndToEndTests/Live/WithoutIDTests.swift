// Records with events as on a kernel that gives namespaces no IDs: strace(1) makes the calls for them fail.

import Foundation
import TestSupport
import Testing

@Suite(
  .ownsProcesses,
  .enabled(if: LiveEvents.arePermitted && Strace.isThere, "\(LiveEvents.need); \(Strace.need)"))
struct WithoutIDTests {
  @Test("without IDs each new namespace has one row, and entering one is reported as joined")
  func made() throws {
    let recording = try LiveRecording(
      interval: "300ms", ["--events", "on"], namespacesHaveIDs: false)
    let inits = try (0..<3).map { _ in
      try Command(
        "/usr/bin/unshare",
        ["--pid", "--fork", "--kill-child", "sh", "-c", "sleep 60 & sleep 60 & wait"])
    }
    let orphans = try (0..<3).map { _ in try Orphan(in: CloneFlag.user | CloneFlag.uts) }
    // The visitor enters a namespace whose only other process it kills a moment later.
    let victim = try TestProcess()
    try victim.unshare(CloneFlag.ipc)
    usleep(300_000)
    let visitor = try Command(
      "/usr/bin/nsenter",
      ["-t", "\(victim.pid)", "-i", "sh", "-c", "kill -9 \(victim.pid); exec sleep 60"])
    try recording.waitForSamples(3)
    try recording.settle()
    let rows = try Recording.texts(
      """
      SELECT type || ' ' || COUNT(*) FROM namespace
      WHERE namespace_id IN (
        SELECT namespace_id FROM namespace_set_link JOIN membership USING (set_id)
        JOIN task USING (task_id) WHERE until_seq IS NULL AND
          (pid IN (\(orphans.map { "\($0.pid)" }.joined(separator: ",")))
            OR parent_pid IN (\(inits.map { "\($0.pid)" }.joined(separator: ",")))))
        AND initial = 0 AND type IN (5, 7, 8) GROUP BY type, inode
      """, in: recording.database)
    // Owners are not read either, since that is an ioctl(2) too.
    #expect(rows.count == 9 && rows.allSatisfy { $0.hasSuffix(" 1") }, "\(rows)")
    let entry = try recording.ask("changes", "--type", "ipc", "--pid", "\(visitor.pid)")
      .first { $0["change"] == "moved" }
    #expect(entry?.texts("marks").contains("joined") == true, "\(entry as Any)")
    #expect(entry?.texts("marks").contains("created") == false)
    for one in inits + [visitor] {
      one.signal(SIGKILL)
      _ = try one.wait()
    }
    _ = try recording.end()
  }
}
