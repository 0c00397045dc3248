public import NamespaceModel

// Lets tests write the times of their simulated machines as plain nanoseconds.

extension BootTime: ExpressibleByIntegerLiteral {
  /// Makes a time of the boot clock from nanoseconds.
  package init(integerLiteral nanoseconds: Int64) { self.init(nanoseconds: nanoseconds) }
}

extension WallTime: ExpressibleByIntegerLiteral {
  /// Makes a time of the wall clock from nanoseconds.
  public init(integerLiteral nanoseconds: Int64) { self.init(nanoseconds: nanoseconds) }
}

extension WallTime {
  /// Returns a random time of a range.
  package static func random(
    in range: ClosedRange<WallTime>, using random: inout some RandomNumberGenerator
  ) -> WallTime {
    let (low, high) = (range.lowerBound.nanoseconds, range.upperBound.nanoseconds)
    return WallTime(nanoseconds: .random(in: low...high, using: &random))
  }
}

extension ClockReading {
  /// Makes a reading of the clocks with the boot clock in nanoseconds.
  @_disfavoredOverload
  package init(wall: WallTime, boot: Int64, monotonic: Int64, running: Int64 = 0) {
    self.init(
      wall: wall, boot: BootTime(nanoseconds: boot), monotonic: monotonic, running: running)
  }
}

extension ProcessEvent {
  /// Makes an event at a time of the boot clock in nanoseconds.
  @_disfavoredOverload
  package init(boot: Int64, _ change: Change) {
    self.init(boot: BootTime(nanoseconds: boot), change)
  }
}

extension WallTime: CustomStringConvertible {
  /// The nanoseconds: tests insert them into SQL text.
  public var description: String { "\(nanoseconds)" }
}
