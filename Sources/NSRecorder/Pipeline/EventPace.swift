internal import NamespaceModel

/// Chooses between wakeups by events and periodic polling: a wakeup for each event slows a busy machine
/// down, and polling wakes an idle machine for nothing.
struct EventPace {
  private var isBusy = false
  /// The number of events since the last choice, and the time of that choice on the boot clock.
  private var count = 0
  private var chosen: BootTime = .zero

  /// How long events are counted before each choice (`window`, in nanoseconds), and the number of events in
  /// that time from which on polling is chosen (`many`).
  private static let window: Int64 = 20_000_000
  private static let many: Int64 = 16

  /// Counts events, and returns whether to poll periodically.
  ///
  /// - Parameters:
  ///   - events: the number of events since the last call.
  ///   - now: the current time on the boot clock.
  mutating func isBusy(after events: Int, at now: BootTime) -> Bool {
    count += events
    let time = now - chosen
    guard time >= Self.window else { return isBusy }
    let rate = Int64(count) * Self.window / time
    isBusy = rate >= (isBusy ? Self.many / 4 : Self.many)
    count = 0
    chosen = now
    return isBusy
  }
}
