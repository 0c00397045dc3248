package import NamespaceModel

// Tests count the time of their machines in plain nanoseconds.

extension BootTime: ExpressibleByIntegerLiteral {
  /// A time of the boot clock, in nanoseconds.
  package init(integerLiteral nanoseconds: Int64) { self.init(nanoseconds: nanoseconds) }
}

extension ClockReading {
  /// A reading of clocks, of which the boot clock shows these nanoseconds.
  @_disfavoredOverload
  package init(wall: Int64, boot: Int64, monotonic: Int64, running: Int64 = 0) {
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
