internal import CLinux
internal import Glibc
internal import NSHistory

/// Standard error: one line a message, and on a terminal one line that is written over and over.
///
/// Used by one thread only, the program's.
final class Messages: @unchecked Sendable {
  static let shared = Messages()

  private let isTerminal =
    isatty(STDERR_FILENO) != 0 && Environment.variable("TERM") != "dumb"
  private var statusWidth = 0

  /// Writes a message in a line of its own.
  func say(_ message: String) {
    let text = "\(clearing())nshist: \(SystemText.sanitized(message))\n"
    statusWidth = 0
    write(text)
  }

  /// Replaces the status line; does nothing where there is no terminal.
  func status(_ text: String) {
    guard isTerminal else { return }
    // A line that wraps could not be taken back.
    let columns = Int(clinux_terminal_width(STDERR_FILENO))
    let line = String(text.prefix(columns > 0 ? columns - 1 : 79))
    write(clearing() + line)
    statusWidth = line.count
  }

  /// Takes the status line away.
  func endStatus() {
    guard statusWidth > 0 else { return }
    write(clearing())
    statusWidth = 0
  }

  // Carriage return, and "erase to the end of the line" (ECMA-48 EL).
  private func clearing() -> String { statusWidth > 0 ? "\r\u{1B}[K" : "" }

  private func write(_ text: String) {
    var text = text
    // Where standard error is closed, or full, there is nobody left to tell.
    _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
