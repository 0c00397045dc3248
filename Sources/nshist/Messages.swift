internal import CLinux
internal import Glibc
internal import NSHistory

/// Writes to standard error: each message on a line of its own and, on a terminal, a status line that is updated
/// in place.
///
/// Only the main thread uses it.
final class Messages: @unchecked Sendable {
  static let shared = Messages()

  private let isTerminal =
    isatty(STDERR_FILENO) != 0 && Environment.variable("TERM") != "dumb"
  private var statusWidth = 0

  /// Writes a message on a line of its own, and clears the status line.
  func say(_ message: String) {
    let text = "\(clearing())nshist: \(SystemText.sanitized(message))\n"
    statusWidth = 0
    write(text)
  }

  /// Replaces the status line. Does nothing if standard error is not a terminal.
  func status(_ text: String) {
    guard isTerminal else { return }
    // Shortens the text to the terminal width, because a line that wraps cannot be cleared.
    let columns = Int(clinux_terminal_width(STDERR_FILENO))
    let line = String(text.prefix(columns > 0 ? columns - 1 : 79))
    write(clearing() + line)
    statusWidth = line.count
  }

  /// Clears the status line.
  func endStatus() {
    guard statusWidth > 0 else { return }
    write(clearing())
    statusWidth = 0
  }

  // Returns the sequence that clears the status line: carriage return and erase to end of line (ECMA-48 EL).
  private func clearing() -> String { statusWidth > 0 ? "\r\u{1B}[K" : "" }

  private func write(_ text: String) {
    var text = text
    // Ignores a write error: a failure of standard error cannot be reported anywhere.
    _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
