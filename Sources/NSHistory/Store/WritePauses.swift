/// Lets the recorder do in the middle of a long write what cannot wait for its end: the kernel goes on
/// to fill the rings of events meanwhile.
final class WritePauses {
  /// Called every so many steps of a write; nil to write without a pause.
  var onPause: (() -> Void)?
  private var steps = 0
  private static let every = 64

  /// One process or event was written.
  func step() {
    steps += 1
    guard steps >= Self.every else { return }
    steps = 0
    onPause?()
  }
}
