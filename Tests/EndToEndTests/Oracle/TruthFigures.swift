import Foundation

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
