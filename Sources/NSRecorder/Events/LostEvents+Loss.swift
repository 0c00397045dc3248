internal import NSHistory
internal import NamespaceEvents

extension LostEvents {
  /// Converts a loss of the event listener to the form that the history records.
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
