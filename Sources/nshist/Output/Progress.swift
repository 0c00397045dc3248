internal import Glibc
internal import NSHistory

/// Shows on a terminal how long a query has been running, after the first second.
///
/// Only the main thread uses it.
final class Progress: @unchecked Sendable {
  static let shared = Progress()

  private var isStopped = false
  private let start = ClockReading.now().monotonic
  private var said: Int64 = 0

  /// Updates the status line while a reader makes progress.
  func watch(_ reader: HistoryReader) {
    reader.onProgress { Progress.shared.tick() }
  }

  /// Updates the status line if another second has elapsed.
  func tick() {
    guard !isStopped else { return }
    let seconds = (ClockReading.now().monotonic - start) / 1_000_000_000
    guard seconds > said else { return }
    said = seconds
    Messages.shared.status("still reading, \(seconds) s; ^C ends it")
  }

  /// Clears the status line, and stops all further updates.
  func stop() {
    guard !isStopped else { return }
    isStopped = true
    Messages.shared.endStatus()
  }
}
