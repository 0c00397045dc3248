/// Why there is no sample in the time before one. The raw value is the code kept in the file.
public enum GapCause: Int64, Sendable, Hashable, CaseIterable {
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
  public var code: String {
    switch self {
    case .suspended: "suspended"
    case .stalled: "stalled"
    case .writeFailed: "write-failed"
    case .readFailed: "read-failed"
    case .eventsLost: "events-lost"
    }
  }

  /// The cause in words.
  public var words: String {
    switch self {
    case .suspended: "the machine was suspended"
    case .stalled: "the recorder did not get to run"
    case .writeFailed: "samples could not be written in time"
    case .readFailed: "samples could not be read"
    case .eventsLost: "events were lost"
    }
  }
}
