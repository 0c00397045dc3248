// Real processes move between real namespaces on a seeded schedule, and log what they do. The answers about the
// recording must agree with the log at any time, or be unknown for a reason that the log confirms.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare and setns"))
struct TruthTests {
  @Test(
    "with samples no answer is wrong, and none is unknown without a reason",
    arguments: LongTests.seeds([1, 2]))
  func answersAgreeWithTheLog(seed: UInt64) throws {
    try perform(seed: seed, namespacesHaveIDs: true)
  }

  @Test(
    "with samples by BPF no answer is wrong, and none is unknown without a reason",
    .enabled(if: BPFSamples.arePossible, "\(BPFSamples.need)"), arguments: LongTests.seeds([1, 2]))
  func answersAgreeWithTheLogByBPF(seed: UInt64) throws {
    try perform(seed: seed, source: "bpf", namespacesHaveIDs: true)
  }

  private func perform(
    seed: UInt64, source: String = "proc", namespacesHaveIDs: Bool
  ) throws {
    let recording = try LiveRecording(
      interval: "60ms", ["--events", "off", "--source", source],
      namespacesHaveIDs: namespacesHaveIDs)
    try recording.waitForSamples(1)
    var workload = Workload(seed: seed)
    try workload.play(seconds: 12)
    try recording.waitForSamples(2)
    let samples = try recording.samples()
    try examine(
      recording.end(), workload.log, samples, run: "samples by \(source)", seed: seed,
      namespacesHaveIDs: namespacesHaveIDs)
  }

  @Test(
    "without namespace IDs no answer is wrong, and none is unknown without a reason",
    .long, .enabled(if: Strace.isThere, "\(Strace.need)"), arguments: LongTests.seeds([3]))
  func withoutIDs(seed: UInt64) throws { try perform(seed: seed, namespacesHaveIDs: false) }

  private func examine(
    _ reader: HistoryReader, _ log: TruthLog, _ samples: SampleTable, run: String,
    seed: UInt64, namespacesHaveIDs: Bool
  ) throws {
    var log = log
    try log.findDisputedPIDs(in: reader)
    #expect(log.disputed.count * 4 <= log.histories.count, "\(log.disputed)")
    var checker = AnswerChecker(
      log: log, samples: samples, random: SeededRandom(seed: seed),
      namespacesHaveIDs: namespacesHaveIDs)
    for _ in 0..<1500 {
      let question = checker.question()
      checker.check(try reader.same(question), to: question)
    }
    var ranges = RangeAnswerChecker(checker)
    for _ in 0..<3000 where ranges.asked < 1500 {
      let question = ranges.question()
      ranges.check(try reader.same(question), to: question)
    }
    var groups = try SharedAnswerChecker(
      reader, log: log, samples: samples, seed: seed, isExact: false)
    try groups.examine(reader)
    let falsehoods = groups.mistakes.count
    #expect(falsehoods == 0, "\(groups.mistakes.prefix(5).joined(separator: "\n"))")
    #expect(groups.shared > 50 && groups.unknown > 50)
    print(
      "groups, seed \(seed): \(groups.shared) shared, \(groups.unknown) unknown of \(groups.asked)")
    print(
      "truth, seed \(seed): \(log.histories.actionCount) steps, \(checker.asked) answers:"
        + " \(checker.proven) proven, \(checker.unknown) unknown for a reason,"
        + " \(checker.mayBeReused) of them for a reused inode number")
    print("and over ranges: \(ranges.same) same, \(ranges.different) different of \(ranges.asked)")
    let untruths = ranges.mistakes.count
    try TruthFigures(
      run: namespacesHaveIDs ? run : "samples without ids", seed: seed,
      steps: log.histories.actionCount, answers: checker.asked + ranges.asked + groups.asked,
      proven: checker.proven + ranges.same + ranges.different + groups.shared,
      wrong: checker.mistakes.count + ranges.mistakes.count + groups.mistakes.count
    ).report()
    #expect(untruths == 0, "\(ranges.mistakes.prefix(5).joined(separator: "\n"))")
    #expect(ranges.same > 50 && ranges.different > 5)
    let mistakes = checker.mistakes.count
    #expect(mistakes == 0, "\(checker.mistakes.prefix(5).joined(separator: "\n"))")
    // Each verdict has to occur often, or the test would prove nothing.
    #expect(checker.same > 50 && checker.different > 50 && checker.unknown > 50)
    // `inode-may-be-reused` is only for inode numbers that passed from one process to another between samples.
    #expect(checker.mayBeReused * 20 < checker.asked)
  }
}
