// At the limit of open files, a process whose directory cannot be opened has not exited, and samples have to agree
// with events.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct OpenFileLimitTests {
  @Test("beyond the limit of open files, samples agree with events")
  func storm() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let recorder = try Command(
      "/bin/sh",
      [
        "-c",
        """
        ulimit -n 200
        exec '\(Command.nshist)' record --interval 300ms --source proc --events on --db '\(path)'
        """,
      ])
    try eventually("a sample") {
      (try? Recording.texts("SELECT seq FROM sample", in: path))?.isEmpty == false
    }
    for _ in 0..<3 {
      _ = try Command.run(
        "/bin/sh",
        [
          "-c",
          """
          i=0; pids=; while [ $i -lt 400 ]; do sleep 30 & pids="$pids $!"; i=$((i+1)); done
          sleep 1; kill -KILL $pids; wait
          """,
        ])
    }
    usleep(700_000)
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    #expect(outcome.messages.contains("the limit of open files is reached"), "\(outcome.messages)")
    let disagreements = try Recording.texts(
      "SELECT pid || ' ' || kind FROM disagreement", in: path)
    #expect(disagreements.isEmpty, "\(disagreements)")
    // No process is stored twice.
    let twice = try Recording.texts(
      """
      SELECT pid FROM task WHERE comm = 'sleep' GROUP BY pid, start_ticks HAVING COUNT(*) > 1
      """, in: path)
    #expect(twice.isEmpty, "\(twice)")
  }
}
