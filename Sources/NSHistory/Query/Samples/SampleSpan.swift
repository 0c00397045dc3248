/// The time from one sample to a later one, with others in between or none.
struct SampleSpan {
  /// Nil where there is none before.
  let before: SamplePoint?
  /// Nil where there is none after.
  let after: SamplePoint?
  /// Why samples are missing in between; nil when none is.
  let missing: MissingSamples?

  /// How long after the one the other began, in nanoseconds: by the boot clock, whatever the wall clock
  /// did, and across boots by the wall clock; nil where that says less than nothing.
  var length: Int64? {
    guard let before, let after else { return nil }
    let length =
      before.session.clock == after.session.clock
      ? after.boot &- before.boot : after.wall &- before.wall
    return length < 0 ? nil : length
  }
}
