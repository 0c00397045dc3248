public import NamespaceModel

// Tests count the time of their machines in plain nanoseconds.

extension BootTime: ExpressibleByIntegerLiteral {
  /// A time of the boot clock, in nanoseconds.
  package init(integerLiteral nanoseconds: Int64) { self.init(nanoseconds: nanoseconds) }
}

extension WallTime: ExpressibleByIntegerLiteral {
  /// A time of the wall clock, in nanoseconds.
  public init(integerLiteral nanoseconds: Int64) { self.init(nanoseconds: nanoseconds) }
}

extension WallTime {
  /// Returns a time of a range.
  package static func random(
    in range: ClosedRange<WallTime>, using random: inout some RandomNumberGenerator
  ) -> WallTime {
    let (low, high) = (range.lowerBound.nanoseconds, range.upperBound.nanoseconds)
    return WallTime(nanoseconds: .random(in: low...high, using: &random))
  }
}

extension ClockReading {
  /// A reading of clocks, of which the boot clock shows these nanoseconds.
  @_disfavoredOverload
  package init(wall: WallTime, boot: Int64, monotonic: Int64, running: Int64 = 0) {
    self.init(
      wall: wall, boot: BootTime(nanoseconds: boot), monotonic: monotonic, running: running)
  }
}

extension ProcessEvent {
  /// A change at a moment, in nanoseconds of the boot clock.
  @_disfavoredOverload
  package init(boot: Int64, _ change: Change) {
    self.init(boot: BootTime(nanoseconds: boot), change)
  }
}

extension WallTime: CustomStringConvertible {
  /// The nanoseconds, as tests put them into SQL.
  public var description: String { "\(nanoseconds)" }
}
