/// When the wall clock is said to have been set: more than the slow corrections of NTP make between
/// two samples, or less than nothing.
public enum ClockStep {
  /// In nanoseconds, on either side. Time is looked for this much around where it is expected.
  public static let least: Int64 = 10_000_000

  /// The clocks are read one after the other (`ClockReading.now`): what they are apart by less than
  /// this, in nanoseconds, says nothing.
  static let blur: Int64 = 1_000_000
}
