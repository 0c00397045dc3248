/// Why a session ended. The raw value is the text kept in the file.
public enum SessionEnd: String, Sendable, Hashable {
  /// It took as many samples as it was asked for.
  case completed
  /// A signal asked it to end.
  case stopped
  /// It could not go on.
  case failed
  /// It was never told to end: found so by the next recorder.
  case died
}
