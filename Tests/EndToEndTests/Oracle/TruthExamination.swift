import Foundation
import NSHistory
import TestSupport
import Testing

/// Asks a recording about the processes of a workload: about moments, about ranges, and about groups. Each answer is
/// compared with the log of what the processes did.
struct TruthExamination {
  /// The answers about moments.
  private(set) var moments: AnswerChecker
  /// The answers about ranges.
  private(set) var ranges: RangeAnswerChecker
  /// The answers about groups.
  private(set) var groups: SharedAnswerChecker
  private let log: TruthLog
  private let seed: UInt64

  /// Asks all questions.
  ///
  /// - Parameters:
  ///   - isExact: whether events covered the recording.
  ///   - questions: how many moments are asked about.
  init(
    of reader: HistoryReader, _ log: TruthLog, _ samples: SampleTable, seed: UInt64, isExact: Bool,
    namespacesHaveIDs: Bool = true, questions: Int = 1500
  ) throws {
    var log = log
    try log.findDisputedPIDs(in: reader)
    #expect(log.disputed.count * 4 <= log.histories.count, "\(log.disputed)")
    self.log = log
    self.seed = seed
    moments = AnswerChecker(
      log: log, samples: samples, random: SeededRandom(seed: seed),
      namespacesHaveIDs: namespacesHaveIDs, isExact: isExact)
    for _ in 0..<questions {
      let question = moments.question()
      moments.check(try reader.same(question), to: question)
    }
    ranges = RangeAnswerChecker(moments)
    for _ in 0..<3000 where ranges.asked < 1500 {
      let question = ranges.question()
      ranges.check(try reader.same(question), to: question)
    }
    groups = try SharedAnswerChecker(
      reader, log: log, samples: samples, seed: seed, isExact: isExact)
    try groups.examine(reader)
  }

  /// Expects that no answer was wrong and that each verdict occurred often, since otherwise the test would prove
  /// nothing.
  func expectTruth() {
    for mistakes in [moments.mistakes, ranges.mistakes, groups.mistakes] {
      let count = mistakes.count
      #expect(count == 0, "\(mistakes.prefix(5).joined(separator: "\n"))")
    }
    #expect(moments.same > 50 && moments.different > 50)
    #expect(ranges.same > 50 && ranges.different > 5)
    #expect(groups.shared > 50)
  }

  /// Prints how much was compared, for a person and for `Tests/prove`.
  func report(_ run: String) throws {
    print(
      """
      \(run), seed \(seed): \(log.histories.actionCount) steps of \(log.histories.count) processes; of \(moments.asked) \
      answers about moments \(moments.same) same, \(moments.different) different, \(moments.unknown) unknown \
      (\(moments.mayBeReused) for a reused inode number; of processes that were both there: \(moments.unknownOfThere)), \
      \(moments.unseen.count) unseen; of \(ranges.asked) about ranges \(ranges.same) same, \(ranges.different) \
      different, \(ranges.unseen.count) unseen; of \(groups.asked) about groups \(groups.shared) shared, \(groups.never) \
      never, \(groups.unknown) unknown (of reported: \(groups.unknownOfReported.count))
      """)
    try TruthFigures(
      run: run, seed: seed, steps: log.histories.actionCount,
      answers: moments.asked + ranges.asked + groups.asked,
      proven: moments.proven + ranges.same + ranges.different + groups.shared + groups.never,
      wrong: moments.mistakes.count + ranges.mistakes.count + groups.mistakes.count
    ).report()
  }
}

/// How much a run compared with the truth, and with which result. `Tests/prove` adds these up in its table.
struct TruthFigures: Encodable {
  /// The kind of run.
  let run: String
  /// The seed of the schedule of the processes.
  let seed: UInt64
  /// How often a process acted: started, moved, ended.
  let steps: Int
  /// How many answers were compared with the log of the processes.
  let answers: Int
  /// How many of these answers gave a verdict, so that the log could contradict it.
  let proven: Int
  /// How many answers the log contradicted.
  let wrong: Int

  /// Prints the figures on one line.
  func report() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    print("truth:", String(decoding: try encoder.encode(self), as: UTF8.self))
  }
}
