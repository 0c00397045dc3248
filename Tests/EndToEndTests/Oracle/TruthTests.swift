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
    let examination = try TruthExamination(
      of: reader, log, samples, seed: seed, isExact: false, namespacesHaveIDs: namespacesHaveIDs)
    try examination.report(namespacesHaveIDs ? run : "samples without ids")
    examination.expectTruth()
    #expect(examination.moments.unknown > 50 && examination.groups.unknown > 50)
    // `inode-may-be-reused` is only for inode numbers that passed from one process to another between samples.
    #expect(examination.moments.mayBeReused * 20 < examination.moments.asked)
  }
}
