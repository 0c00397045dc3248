// The user and the cgroup of a process that executes several programs. They are reported as read only if nothing can
// have changed them since the read.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder
import TestSupport

struct UncertainDescriptionTests {
  private let script = EventScript()

  private func description(_ pid: Int32) -> ProcessDescription? {
    script.follower.tasks.processes[pid]?.description
  }

  /// Executes a program. The probe reads `uid` right after it, or nothing.
  private func execute(_ pid: Int32, _ name: String, uid: UInt32?) {
    let read = uid.map {
      ProbedTask(
        links: [:], time: script.time,
        description: .init(comm: nil, uid: $0, cgroup: Array("0::/own".utf8)))
    }
    script.apply(
      pid, of: pid, .comm(CommName(name.utf8), isExec: true), probed: read)
  }

  @Test("an exec without a probe makes the earlier description uncertain")
  func unread() {
    script.fork(20, of: 10)
    execute(20, "su", uid: 0)
    script.finishBatch()
    #expect(description(20)?.inherited == [])
    execute(20, "sleep", uid: nil)
    let reported = script.finishBatch()
    #expect(description(20)?.uid == 0 && description(20)?.inherited == [.user, .cgroup])
    guard case .described(_, let description)? = reported.last?.change else {
      Issue.record("\(reported)")
      return
    }
    #expect(description.inherited == [.user, .cgroup])
  }

  @Test("a sample with an event during it does not replace the description that a probe read")
  func eventDuringSample() {
    script.fork(20, of: 10)
    execute(20, "sleep", uid: 33)
    script.finishBatch()
    // The sample shows UID 7, as `EventScript` always has it, which may have been read before the exec.
    _ = script.verify([10: .host, 20: .host], pidsWithEvents: [20])
    #expect(description(20)?.uid == 33 && description(20)?.inherited == [])
  }

  @Test(
    "an unprobed description is verified by the next sample without an event of the process")
  func verified() throws {
    script.fork(20, of: 10)
    execute(20, "sleep", uid: nil)
    script.finishBatch()
    _ = script.verify([10: .host, 20: .host], pidsWithEvents: [20])
    #expect(description(20)?.uid == 7 && description(20)?.inherited == [.user, .cgroup])
    var all = script.sample([10: .host, 20: .host])
    all.hasAllDescriptions = true
    let verified = script.follower.verify(all, pidsWithEvents: [])
    #expect(description(20)?.uid == 7 && description(20)?.inherited == [])
    let token = try #require(script.follower.tasks.processes[20]?.token)
    #expect(verified.sample.described.map(\.token) == [token])
    #expect(verified.sample.described.first?.description.inherited == [])
  }

  @Test(
    "if each sample reads only some descriptions, one is certain after a whole round of samples")
  func verifiedOverSamples() {
    script.fork(20, of: 10)
    execute(20, "sleep", uid: nil)
    script.finishBatch()
    _ = script.verify([10: .host, 20: .host], pidsWithEvents: [20])
    for _ in 0..<7 { _ = script.verify([10: .host, 20: .host]) }
    #expect(description(20)?.inherited == [.user, .cgroup])
    _ = script.verify([10: .host, 20: .host])
    #expect(description(20)?.inherited == [])
  }

  private func moved(
    _ source: ProcessToken, uid: UInt32, since: BootTime
  ) -> ProcessSample.Redescription {
    .init(
      token: source,
      description: .init(comm: Array("read".utf8), uid: uid, cgroup: Array("0::/own".utf8)),
      since: since)
  }

  /// Takes a sample that finds another cgroup of PID 10 than at time 5000, with an event of PID 10 meanwhile.
  private func moved() throws -> ProcessToken {
    let source = try #require(script.follower.tasks.processes[10]?.source)
    var sample = script.sample([10: .host])
    sample.hasAllDescriptions = true
    sample.described = [moved(source, uid: 7, since: 5000)]
    script.finishBatch()
    _ = script.follower.verify(sample, pidsWithEvents: [10])
    return try #require(script.follower.tasks.processes[10]?.token)
  }

  @Test("a change that a sample found is not reported by the next event as later than that sample")
  func changedBeforeSample() throws {
    let token = try moved()
    execute(10, "sleep", uid: 7)
    let reported = script.finishBatch()
    guard case .described(token, let description)? = reported.last?.change else {
      Issue.record("\(reported)")
      return
    }
    #expect(description.cgroup == Array("0::/own".utf8) && description.changedSince == 5000)
  }

  @Test("a change that a sample found is not reported by a later sample as later than the first")
  func verifiedBeforeSample() throws {
    let token = try moved()
    let source = try #require(script.follower.tasks.processes[10]?.source)
    var all = script.sample([10: .host])
    all.hasAllDescriptions = true
    all.described = [moved(source, uid: 8, since: all.start.boot - 1)]
    let reported = script.follower.verify(all, pidsWithEvents: []).sample.described
    #expect(reported.map(\.token) == [token] && reported.first?.since == 5000)
  }
}
