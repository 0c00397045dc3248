internal import SystemPackage

/// Interrupts a pass now and then, so that the caller can do other work that a long pass would delay, or cancel it.
package final class PassPauses {
  /// Called at each pause.
  package var onPause: (() -> Void)?
  /// Called at each pause at which a pass can be cancelled; if it returns true, the pass fails with `ECANCELED`.
  package var isCancelled: (() -> Bool)?
  private let path: String

  /// The number of processes between two pauses.
  private static let interval = 128

  /// - Parameter path: the path of the root, for the error of a cancelled pass.
  init(path: String) { self.path = path }

  /// Pauses before the process with this index, if its turn has come. Throws `ECANCELED` if the caller wants to cancel
  /// the pass.
  @inline(__always)
  func pause(before index: Int) throws(ProcfsError) {
    guard index % Self.interval == Self.interval - 1 else { return }
    onPause?()
    guard isCancelled?() == true else { return }
    throw ProcfsError(operation: "read", path: path, cause: .system(.canceled))
  }

  /// Pauses before the process with this index, if its turn has come. The pass can no longer be cancelled.
  @inline(__always)
  func pauseOnly(before index: Int) {
    if index % Self.interval == 0 { onPause?() }
  }
}
