internal import NSHistory
internal import NamespaceEvents

extension LostEvents {
  /// A loss as the history keeps it.
  init(_ loss: EventLoss) {
    let cause: Cause =
      switch loss.cause {
      case .ringFull: .ringFull
      case .processorsChanged: .processors
      case .malformed: .malformed
      }
    self.init(
      after: loss.after, by: loss.by, records: loss.records == 0 ? nil : Int64(loss.records),
      cause: cause)
  }
}
