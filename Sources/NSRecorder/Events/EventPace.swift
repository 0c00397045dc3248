/// Chooses between being woken by the next event and looking by the clock: a storm is slowed down by
/// waking somebody for each event, and an idle machine by looks at nothing.
struct EventPace {
  private var isBusy = false
  /// How many events came since it was chosen last, and when that was on the boot clock.
  private var count = 0
  private var chosen: Int64 = 0

  /// How long it is watched before it is chosen anew, in nanoseconds, and how many events in that are
  /// many.
  private static let watch: Int64 = 20_000_000
  private static let many: Int64 = 16

  /// Whether to look by the clock, after so many events came, at a time on the boot clock.
  mutating func isBusy(after events: Int, at now: Int64) -> Bool {
    count += events
    let time = now - chosen
    guard time >= Self.watch else { return isBusy }
    let rate = Int64(count) * Self.watch / time
    isBusy = rate >= (isBusy ? Self.many / 4 : Self.many)
    count = 0
    chosen = now
    return isBusy
  }
}
