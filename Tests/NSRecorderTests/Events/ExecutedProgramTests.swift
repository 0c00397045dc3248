// The programs of processes as events and samples report them: never that of another exec.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder
import TestSupport

struct ExecutedProgramTests {
  private let script = EventScript()

  private func program(_ name: String) -> Program {
    Program(executable: Array("/bin/\(name)".utf8), commandLine: Array(name.utf8))
  }

  private func known(_ pid: Int32) -> ProcessDescription? {
    script.follower.tasks.processes[pid]?.description
  }

  /// Executes a program. The probe reads it right after that, or nothing.
  private func execute(_ pid: Int32, _ comm: String, _ program: Program?) {
    let read = program.map {
      ProbedTask(
        links: [:], time: script.time,
        description: .init(
          comm: nil, uid: 0, cgroup: Array("0::/".utf8), program: $0,
          login: Login(uid: 5, session: 6, terminal: 0)))
    }
    script.apply(pid, of: pid, .comm(CommName(comm.utf8), isExec: true), probed: read)
  }

  /// Returns a sample that reads programs.
  private func sample(
    _ processes: [Int32: TaskLinks], _ programs: [Int32: Program]
  ) -> ProcessSample {
    var sample = script.sample(processes)
    for index in sample.appeared.indices {
      sample.appeared[index].description.program = programs[sample.appeared[index].facts.pid]
    }
    return sample
  }

  @Test("a new process has the program of its parent until its exec")
  func inheritance() {
    execute(10, "parent", program("parent"))
    script.fork(20, of: 10)
    #expect(known(20)?.program == program("parent"))
    #expect(known(20)?.inherited == [.user, .cgroup, .program, .login])
    execute(20, "child", program("child"))
    #expect(known(20)?.program == program("child") && known(20)?.inherited == [])
    #expect(known(10)?.program == program("parent"))
  }

  @Test("after an exec that was not probed the program is unknown")
  func unread() {
    execute(10, "parent", program("parent"))
    script.fork(20, of: 10)
    execute(20, "child", nil)
    #expect(known(20)?.program == .unknown)
    #expect(known(20)?.inherited == [.user, .cgroup, .login])
    script.fork(30, of: 20)
    #expect(known(30)?.program == .unknown && known(30)?.inherited.contains(.program) == false)
  }

  @Test("two programs of one name in one batch are reported one after the other")
  func sameName() {
    script.fork(20, of: 10)
    execute(20, "sh", program("one"))
    execute(20, "sh", program("two"))
    let reported = script.finishBatch()
    var programs: [Program?] = []
    for event in reported {
      switch event.change {
      case .started(let start): programs.append(start.description.program)
      case .described(_, let description): programs.append(description.program)
      default: break
      }
    }
    #expect(programs == [program("one"), program("two")])
  }

  @Test("a sample with an event of the process during it does not tell its program")
  func eventDuringSample() {
    script.fork(20, of: 10)
    script.finishBatch()
    _ = script.follower.verify(
      sample([10: .host, 20: .host], [20: program("later")]), pidsWithEvents: [20])
    #expect(known(20)?.program != program("later"))
    execute(20, "later", nil)
    #expect(known(20)?.program == .unknown)
    // What that sample read was read before the exec, or after it: nothing shows which.
    for _ in 0..<9 { _ = script.verify([10: .host, 20: .host]) }
    #expect(known(20)?.program == .unknown)
  }

  @Test("a sample without an event during it tells the program of a process that was not probed")
  func sampled() {
    script.fork(20, of: 10)
    execute(20, "sleep", nil)
    script.finishBatch()
    let verified = script.follower.verify(
      sample([10: .host, 20: .host], [20: program("sleep")]), pidsWithEvents: [])
    #expect(known(20)?.program == program("sleep"))
    #expect(verified.sample.described.contains { $0.description.program == program("sleep") })
  }

  @Test("a process that a sample shows before the event of its start has the program of its parent")
  func seenBeforeStart() {
    execute(10, "parent", program("parent"))
    script.finishBatch()
    _ = script.follower.verify(
      sample([10: .host, 20: .host], [20: program("later")]), pidsWithEvents: [20])
    script.fork(20, of: 10)
    #expect(known(20)?.program == program("parent"))
  }
}
