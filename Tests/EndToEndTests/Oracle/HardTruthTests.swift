// Compares answers and changes with the log of `HardWorkload`, which does what is hard to record. The recorder is
// restarted meanwhile, loses events on purpose, or competes with processes that never wait.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct HardTruthTests {
  /// A recorder that can be stopped and started again with the same file.
  private final class RestartedRecorder {
    let folder: TemporaryFolder
    let database: String
    private let options: [String]
    private var recorder: Command?

    init(_ options: [String]) throws {
      folder = try TemporaryFolder()
      database = folder.file("history.db")
      self.options = options
      try start()
    }

    func start() throws {
      let before = ClockReading.now().wall
      recorder = try Command(Command.nshist, ["record", "--db", database] + options)
      try eventually("two samples") {
        guard let samples = try? SampleTable(database) else { return false }
        return samples.all.count { $0.start > before } >= 2
      }
    }

    func stop() throws {
      guard let recorder else { return }
      recorder.signal(SIGTERM)
      let outcome = try recorder.wait()
      #expect(outcome.status == 0, "\(outcome.messages)")
      self.recorder = nil
    }

    func signal(_ number: Int32) { recorder?.signal(number) }
  }

  @Test("answers are right across restarts of the recorder", arguments: LongTests.seeds([11]))
  func restarts(seed: UInt64) throws {
    let recorder = try RestartedRecorder(["--interval", "300ms", "--events", "on"])
    let workload = HardWorkload(seed: seed)
    try workload.run(seconds: 4)
    for _ in 0..<2 {
      try recorder.stop()
      // No process moves while no recorder runs, so that no move may be reported afterwards.
      try recorder.start()
      try workload.run(seconds: 2.5)
    }
    try check(recorder, workload.log, run: "restarts", seed: seed)
  }

  @Test("answers are right with samples only", .long, arguments: LongTests.seeds([12]))
  func sampled(seed: UInt64) throws {
    let recorder = try RestartedRecorder(["--interval", "50ms", "--events", "off"])
    let workload = HardWorkload(seed: seed)
    try workload.run(seconds: 4, pause: 0.01...0.2)
    try recorder.stop()
    try recorder.start()
    try workload.run(seconds: 3, pause: 0.01...0.2)
    try check(recorder, workload.log, run: "restarts, samples only", seed: seed)
  }

  @Test(
    "answers are right where events are lost and the processors are busy", .long,
    arguments: LongTests.seeds([13]))
  func losses(seed: UInt64) throws {
    let busy = try (0..<2).map { _ in
      try Command("/bin/sh", ["-c", "while :; do :; done"])
    }
    defer { for command in busy { command.signal(SIGKILL) } }
    let recorder = try RestartedRecorder(
      ["--interval", "500ms", "--events", "on", "--event-ring", "8"])
    let workload = HardWorkload(seed: seed)
    for _ in 0..<6 {
      try workload.run(seconds: 0.7)
      recorder.signal(SIGSTOP)
      try workload.run(seconds: 0.45, pause: 0...0.002)
      recorder.signal(SIGCONT)
    }
    try workload.run(seconds: 1)
    try check(recorder, workload.log, run: "losses, busy processors", seed: seed)
  }

  private func check(
    _ recorder: RestartedRecorder, _ log: TruthLog, run: String, seed: UInt64
  ) throws {
    usleep(1_500_000)
    try recorder.stop()
    var log = log
    log.margin = 2 * LiveEvents.margin
    let reader = try HistoryReader(path: recorder.database)
    try log.findDisputedPIDs(in: reader)
    #expect(log.disputed.count * 4 <= log.histories.count, "\(log.disputed)")
    var checker = HardTruthChecker(
      log: log, samples: try SampleTable(recorder.database), random: SeededRandom(seed: seed))
    for _ in 0..<1500 {
      let question = checker.question()
      checker.check(try reader.same(question), to: question)
    }
    for pid in Set(log.histories.map(\.pid)) {
      try reader.changes(ChangesQuestion(process: .pid(Int64(pid)))) { change in
        checker.check(change)
        return true
      }
    }
    print(
      "hard truth, seed \(seed): \(log.histories.actionCount) steps, \(checker.asked) answers,"
        + " \(checker.proven) proven, \(checker.changes) changes, \(checker.mistakes.count) wrong")
    try TruthFigures(
      run: run, seed: seed, steps: log.histories.actionCount,
      answers: checker.asked + checker.changes, proven: checker.proven + checker.changes,
      wrong: checker.mistakes.count
    ).report()
    #expect(
      checker.mistakes.isEmpty,
      "\(checker.mistakes.count): \(checker.mistakes.prefix(12).joined(separator: "\n"))")
    // Enough has to be proven, or the test would prove nothing.
    #expect(checker.proven * 4 > checker.asked && checker.changes > 20)
  }
}
