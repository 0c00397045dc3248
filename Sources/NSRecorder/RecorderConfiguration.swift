/// What a recorder is to do.
public struct RecorderConfiguration: Sendable {
  /// The history file.
  public var database: String
  /// Nanoseconds from the start of one sample to the start of the next: above zero, and
  /// `longestInterval` at most.
  public var interval: Int64
  /// How many samples to take; nil to go on until a signal.
  public var samples: Int?
  /// The `/proc` to read.
  public var procRoot: String
  /// Name and version of the program that records, kept in the file.
  public var program: String

  /// A year, in nanoseconds.
  public static let longestInterval: Int64 = 366 * 86_400_000_000_000

  /// A configuration with these values.
  public init(
    database: String, interval: Int64 = 5_000_000_000, samples: Int? = nil,
    procRoot: String = "/proc", program: String = "NSRecorder"
  ) {
    self.database = database
    self.interval = interval
    self.samples = samples
    self.procRoot = procRoot
    self.program = program
  }
}
