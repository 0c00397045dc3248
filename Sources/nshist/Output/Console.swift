internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import NSHistory
internal import NamespaceModel
internal import Synchronization

/// What a command prints to, and what it has to know of the terminal and of the time. `NSHist.main` makes it once,
/// and hands it to the command; the command hands it to everything that prints.
struct Console: Sendable {
  /// Standard error.
  let messages: Messages
  /// The time at which the program started. Every question takes it as the present.
  let start: ClockReading
  /// Whether standard output is a terminal, so that the user sees the text while it is written.
  let isTerminal: Bool
  /// Whether standard output is a terminal that shows colour (no-color.org).
  let colours: Bool
  /// The number of columns of the terminal; 80 if it is unknown.
  let width: Int

  /// The console of this process.
  init() {
    start = ClockReading.now()
    messages = Messages(start: start.monotonic)
    isTerminal = isatty(STDOUT_FILENO) != 0
    colours =
      isTerminal && Environment.variable("NO_COLOR") == nil
      && Environment.variable("TERM") != "dumb"
    let columns = Environment.variable("COLUMNS").flatMap { Int($0) }
    let measured = Int(clinux_terminal_width(STDOUT_FILENO))
    width = min(max(40, columns ?? (measured > 0 ? measured : 80)), 10_000)
  }

  /// The wall clock at the start of the program, in nanoseconds since the epoch.
  var now: Int64 { start.wall }
}

/// A command that runs on a console.
protocol ConsoleCommand: ParsableCommand {
  func run(on console: Console) throws
}

/// Writes to standard error: each message on a line of its own and, on a terminal, a status line that is updated
/// in place. The status line of a query shows for how long it has been running, after the first second.
final class Messages: Sendable {
  private let isTerminal = isatty(STDERR_FILENO) != 0 && Environment.variable("TERM") != "dumb"
  /// The monotonic clock at the start of the program.
  private let start: Int64
  private let state = Mutex(State())

  private struct State {
    /// The length of the status line; 0 if there is none.
    var statusWidth = 0
    /// The number of seconds that the status line of a query showed last.
    var seconds: Int64 = 0
    var isProgressStopped = false
  }

  init(start: Int64) { self.start = start }

  /// Writes a message on a line of its own, and clears the status line.
  func say(_ message: String) {
    state.withLock { state in
      Self.write("\(Self.clearing(&state))nshist: \(SystemText.sanitized(message))\n")
    }
  }

  /// Replaces the status line. Does nothing if standard error is not a terminal.
  func status(_ text: String) {
    guard isTerminal else { return }
    // Shortens the text to the terminal width, because a line that wraps cannot be cleared.
    let columns = Int(clinux_terminal_width(STDERR_FILENO))
    let line = String(text.prefix(columns > 0 ? columns - 1 : 79))
    state.withLock { state in
      Self.write(Self.clearing(&state) + line)
      state.statusWidth = line.count
    }
  }

  /// Clears the status line.
  func endStatus() {
    state.withLock { state in
      let text = Self.clearing(&state)
      if !text.isEmpty { Self.write(text) }
    }
  }

  /// Updates the status line while a reader makes progress.
  func watch(_ reader: HistoryReader) {
    reader.onProgress { [self] in progress() }
  }

  /// Updates the status line of a query if another second has elapsed.
  func progress() {
    guard isTerminal else { return }
    let seconds = (ClockReading.now().monotonic - start) / 1_000_000_000
    let isDue = state.withLock { state in
      guard !state.isProgressStopped, seconds > state.seconds else { return false }
      state.seconds = seconds
      return true
    }
    if isDue { status("still reading, \(seconds) s; ^C ends it") }
  }

  /// Clears the status line of a query, and stops all further updates.
  func stopProgress() {
    let wasStopped = state.withLock { state in
      defer { state.isProgressStopped = true }
      return state.isProgressStopped
    }
    if !wasStopped { endStatus() }
  }

  // Returns the sequence that clears the status line: carriage return and erase to end of line (ECMA-48 EL).
  private static func clearing(_ state: inout State) -> String {
    defer { state.statusWidth = 0 }
    return state.statusWidth > 0 ? "\r\u{1B}[K" : ""
  }

  private static func write(_ text: String) {
    var text = text
    // Ignores a write error: a failure of standard error cannot be reported anywhere.
    _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// The environment variables of the process.
enum Environment {
  /// Returns the value of a variable; nil if it is unset or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Whether the character encoding of the locale is UTF-8 (locale(7)).
  static var isUTF8: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first ?? ""
    return ["UTF-8", "utf-8", "UTF8", "utf8"].contains { locale.hasSuffix($0) }
  }
}
