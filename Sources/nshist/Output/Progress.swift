internal import Glibc
internal import NSHistory

/// Says on a terminal that a question takes its time, from the first second on.
///
/// Used by one thread only, the program's.
final class Progress: @unchecked Sendable {
  static let shared = Progress()

  private var isStopped = false
  private let start = ClockReading.now().monotonic
  private var said: Int64 = 0

  /// Watches what a reader does.
  func watch(_ reader: HistoryReader) {
    reader.onProgress { Progress.shared.tick() }
  }

  /// Says it again when another second has gone by.
  func tick() {
    guard !isStopped else { return }
    let seconds = (ClockReading.now().monotonic - start) / 1_000_000_000
    guard seconds > said else { return }
    said = seconds
    Messages.shared.status("still reading, \(seconds) s; ^C ends it")
  }

  /// Takes the line away for good.
  func stop() {
    guard !isStopped else { return }
    isStopped = true
    Messages.shared.endStatus()
  }
}
