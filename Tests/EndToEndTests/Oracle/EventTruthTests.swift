// Compares answers with the log of a workload that is recorded with kernel events. Every process is answered for at
// any time except for the microseconds of a step, whatever the interval between samples.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct EventTruthTests {
  /// A kind of recording. A kind of events that the machine does not permit has none.
  struct Kind: CustomTestStringConvertible {
    let seed: UInt64
    let interval: String
    let source: String
    let events: String

    var testDescription: String { "samples by \(source), events by \(events), every \(interval)" }
  }

  static let kinds = [
    Kind(seed: 4, interval: "300ms", source: "proc", events: "perf"),
    Kind(seed: 9, interval: "300ms", source: "bpf", events: "bpf"),
  ].filter { LiveEvents.kinds.contains($0.events) }

  static let moreKinds = [
    Kind(seed: 5, interval: "1s", source: "proc", events: "perf"),
    Kind(seed: 7, interval: "300ms", source: "bpf", events: "perf"),
    Kind(seed: 8, interval: "1s", source: "proc", events: "bpf"),
  ].filter { LiveEvents.kinds.contains("bpf") || $0.source == "proc" && $0.events == "perf" }

  @Test(
    "with events no answer about running processes is unknown, and none is wrong",
    arguments: kinds)
  func answersAreExact(_ kind: Kind) throws { try perform(kind) }

  @Test(
    "nor with other kinds of samples and events together", .long, arguments: moreKinds)
  func otherAnswersAreExact(_ kind: Kind) throws { try perform(kind) }

  private func perform(_ kind: Kind) throws {
    let seed = LongTests.seeds([kind.seed])[0]
    let recording = try LiveRecording(
      interval: kind.interval, ["--events", kind.events, "--source", kind.source])
    var workload = Workload(seed: seed, minimumTimeBeforeReturn: 0)
    try workload.play(seconds: 10)
    try examine(recording, workload.log, "events by \(kind.events)", seed: seed, questions: 1500)
  }

  /// `NSHIST_STEPS` sets the number of steps.
  @Test(
    "thousands of steps some milliseconds apart are all recorded", .long,
    arguments: LiveEvents.kinds, LongTests.seeds([6]))
  func manySteps(events: String, seed: UInt64) throws {
    let steps = ProcessInfo.processInfo.environment["NSHIST_STEPS"].flatMap { Int($0) } ?? 2000
    let recording = try LiveRecording(interval: "1s", ["--events", events])
    var workload = Workload(
      seed: seed, minimumTimeBeforeReturn: 0, types: NamespaceType.allCases)
    try workload.play(steps: steps)
    try examine(
      recording, workload.log, "events by \(events)", seed: seed, questions: max(1000, steps / 3))
  }

  /// A process may join a namespace whose last process leaves at that moment, and move on before it is probed. Then
  /// its namespace is unknown for that time, but never wrong. This is rare, unless the recorder gets no processor for
  /// long.
  private static let unseenPerThousand = 10

  private func examine(
    _ recording: LiveRecording, _ log: TruthLog, _ run: String, seed: UInt64, questions: Int
  ) throws {
    try recording.waitForSamples(2)
    let samples = try recording.samples()
    let messages = try recording.messages()
    #expect(!samples.all.contains { $0.gap != nil }, "\(messages)")
    let reader = try recording.end()
    var log = log
    log.margin = LiveEvents.margin
    let examination = try TruthExamination(
      of: reader, log, samples, seed: seed, isExact: true, questions: questions)
    try examination.report(run)
    examination.expectTruth()
    let (moments, ranges, groups) = (examination.moments, examination.ranges, examination.groups)
    // On a loaded machine PIDs are often reused before they are read, and then `never` is not proven.
    #expect(groups.never > 5)
    let unanswered = groups.unknownOfReported.count
    #expect(
      unanswered * 10 <= groups.asked,
      "\(groups.unknownOfReported.prefix(5).joined(separator: "\n"))")
    let unseen = moments.unseen.count
    #expect(
      unseen * 1000 <= Self.unseenPerThousand * moments.asked,
      "\(moments.unseen.prefix(5).joined(separator: "\n"))")
    let unreported = ranges.unseen.count
    #expect(
      unreported * 1000 <= 2 * Self.unseenPerThousand * ranges.asked,
      "\(ranges.unseen.prefix(5).joined(separator: "\n"))")
  }
}
