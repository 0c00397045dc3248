// The recorder raises its own priority where that is permitted.

import Foundation
import NSRecorder
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: ProcessorPriority.mayBeRaised, "needs CAP_SYS_NICE"))
struct PriorityTests {
  /// Returns the nice values of the threads of a process: the 19th field of their `stat` (`proc_pid_stat(5)`).
  private func niceValues(of pid: Int32) throws -> Set<Int32> {
    let tasks = "/proc/\(pid)/task"
    let values = try FileManager.default.contentsOfDirectory(atPath: tasks).map { tid in
      let line = try String(contentsOfFile: "\(tasks)/\(tid)/stat", encoding: .utf8)
      // The name may hold blanks, and ends at the last parenthesis.
      let fields = try #require(line.split(separator: ")").last).split(separator: " ")
      return try #require(Int32(fields[16]))
    }
    return Set(values)
  }

  private func record(_ words: [String] = []) throws -> (status: Int32, nice: Set<Int32>) {
    let folder = try TemporaryFolder()
    let command =
      words + [Command.nshist, "record", "--interval", "100ms", "--db", folder.file("history.db")]
    let recorder = try Command(command[0], Array(command.dropFirst()))
    try eventually("a sample") { try recorder.messagesSoFar().contains("recording /proc") }
    let nice = try niceValues(of: recorder.pid)
    recorder.signal(SIGTERM)
    return (try recorder.wait().status, nice)
  }

  @Test("all threads of a recorder have the raised priority")
  func raised() throws {
    let recorder = try record()
    #expect(recorder.nice == [ProcessorPriority.raised] && recorder.status == 0)
  }

  @Test("a nice value that whoever started it has chosen stays")
  func chosen() throws {
    let recorder = try record(["/usr/bin/nice", "-n", "3"])
    #expect(recorder.nice == [3] && recorder.status == 0)
  }

  @Test(
    "without the capability the recorder records at the usual priority, and the doctor says so",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")))
  func notPermitted() throws {
    let without = ["/usr/bin/setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"]
    let recorder = try record(without)
    #expect(recorder.nice == [0] && recorder.status == 0)
    let doctor = try Command.run(
      without[0], Array(without.dropFirst()) + [Command.nshist, "doctor", "--format", "json"])
    #expect(doctor.output.contains("a recorder may not raise its own"), "\(doctor.output)")
    let permitted = try Command.nshist("doctor", "--format", "json")
    #expect(permitted.output.contains("a recorder raises its own"), "\(permitted.output)")
  }
}
