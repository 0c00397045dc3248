/// Why samples are missing before a sample. The raw value is the code stored in the file.
package enum GapCause: Int64, Sendable, Hashable, CaseIterable {
  /// The machine was suspended.
  case suspended = 1
  /// The recorder did not get to run.
  case stalled = 2
  /// Samples could not be written, or not in time.
  case writeFailed = 3
  /// Samples could not be read.
  case readFailed = 4
  /// Kernel events were lost.
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

/// A span of time in which the kernel reported events that the recorder did not receive.
package struct LostEvents: Sendable, Hashable {
  /// The time up to which the recorder received all events, in nanoseconds of the boot clock.
  package var after: BootTime
  /// The time from which on the recorder received all events again, in nanoseconds of the boot clock.
  package var by: BootTime
  /// How many records were lost; nil where that is not known.
  package var records: Int64?
  /// Why the events were lost.
  package var cause: Cause

  /// Why events were lost. The raw value is the text stored in the file.
  package enum Cause: String, Sendable, Hashable, CaseIterable {
    /// The ring buffer to which the kernel writes the events was full.
    case ringFull = "ring-full"
    /// A CPU went online or offline.
    case processors
    /// The records that were read from the kernel are malformed.
    case malformed
    /// The events arrived after later ones had been applied.
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

  /// Merges several losses into one; nil if there are none.
  package init?(of losses: [LostEvents]) {
    guard let first = losses.first else { return nil }
    let records = losses.map(\.records)
    self.init(
      after: losses.reduce(first.after) { min($0, $1.after) },
      by: losses.reduce(first.by) { max($0, $1.by) },
      records: records.contains(nil) ? nil : records.compactMap(\.self).reduce(0, +),
      cause: first.cause)
  }

  /// Creates a loss with these values.
  package init(after: BootTime, by: BootTime, records: Int64?, cause: Cause) {
    self.after = after
    self.by = by
    self.records = records
    self.cause = cause
  }
}
