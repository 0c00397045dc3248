/// Why there is no sample in the time before one. The raw value is the code kept in the file.
package enum GapCause: Int64, Sendable, Hashable, CaseIterable {
  /// The machine was suspended.
  case suspended = 1
  /// The recorder did not get to run.
  case stalled = 2
  /// Samples could not be written, or not in time.
  case writeFailed = 3
  /// Samples could not be read.
  case readFailed = 4
  /// Events of the kernel were lost.
  case eventsLost = 5

  /// The code in machine output.
  package var code: String {
    switch self {
    case .suspended: "suspended"
    case .stalled: "stalled"
    case .writeFailed: "write-failed"
    case .readFailed: "read-failed"
    case .eventsLost: "events-lost"
    }
  }

  /// The cause in words.
  package var words: String {
    switch self {
    case .suspended: "the machine was suspended"
    case .stalled: "the recorder did not get to run"
    case .writeFailed: "samples could not be written in time"
    case .readFailed: "samples could not be read"
    case .eventsLost: "events were lost"
    }
  }
}

/// A time of which the kernel reported events that did not arrive.
package struct LostEvents: Sendable, Hashable {
  /// Up to when all were had, in nanoseconds of the boot clock.
  package var after: Int64
  /// From when on all were had again.
  package var by: Int64
  /// How many records were lost; nil where that is not known.
  package var records: Int64?
  /// Why.
  package var cause: Cause

  /// Why events were lost. The raw value is the text kept in the file.
  package enum Cause: String, Sendable, Hashable, CaseIterable {
    /// The ring that the kernel writes them to was full.
    case ringFull = "ring-full"
    /// A processor came or went.
    case processors
    /// What was read makes no sense.
    case malformed
    /// They came after later ones had been taken in.
    case late

    /// The cause in words.
    package var words: String {
      switch self {
      case .ringFull: "the ring was full"
      case .processors: "a processor came or went"
      case .malformed: "what the kernel reported could not be read"
      case .late: "they came too late"
      }
    }
  }

  /// Several losses as one; nil of none.
  package init?(of losses: [LostEvents]) {
    guard let first = losses.first else { return nil }
    let records = losses.map(\.records)
    self.init(
      after: losses.reduce(first.after) { min($0, $1.after) },
      by: losses.reduce(first.by) { max($0, $1.by) },
      records: records.contains(nil) ? nil : records.compactMap(\.self).reduce(0, +),
      cause: first.cause)
  }

  /// A loss with these values.
  package init(after: Int64, by: Int64, records: Int64?, cause: Cause) {
    self.after = after
    self.by = by
    self.records = records
    self.cause = cause
  }
}
