internal import CLinux
internal import Glibc
internal import NSHistory
internal import NamespaceModel
internal import Synchronization

/// Writes to standard error: each message on a line of its own and, on a terminal, a status line that is updated
/// in place. The status line of a query shows for how long it has been running, after the first second.
final class Messages: Sendable {
  /// The descriptor that the messages are written to.
  private let descriptor: Int32
  private let isTerminal: Bool
  /// The monotonic clock at the start of the program.
  private let start: Int64
  private let state = Mutex(State())

  private struct State {
    /// The form of a message. `record` chooses it by its options.
    var format = MessageFormat.text
    /// The length of the status line; 0 if there is none.
    var statusWidth = 0
    /// The number of seconds that the status line of a query showed last.
    var seconds: Int64 = 0
    var isProgressStopped = false
  }

  init(to descriptor: Int32, start: Int64) {
    self.descriptor = descriptor
    self.start = start
    isTerminal = isatty(descriptor) != 0 && Environment.variable("TERM") != "dumb"
  }

  /// The number of columns of the terminal, which may change while a recorder runs.
  private var width: Int { Console.width(of: descriptor) }

  /// Writes all further messages in this form.
  func use(_ format: MessageFormat) { state.withLock { $0.format = format } }

  /// Writes a message on a line of its own, and clears the status line.
  func say(_ message: String, _ level: MessageLevel = .notice) {
    state.withLock { state in
      let line = state.format.line(message, level, at: ClockReading.now().wall)
      let isWrapped = isTerminal && state.format == .text
      write("\(Self.clearing(&state))\(isWrapped ? TextWrap.wrapped(line, width) : line)\n")
    }
  }

  /// Replaces the status line. Does nothing if standard error is not a terminal.
  func status(_ text: @autoclosure () -> String) {
    guard isTerminal else { return }
    // Shortens the text to the terminal width, because a line that wraps cannot be cleared.
    let line = String(text().prefix(width - 1))
    state.withLock { state in
      write(Self.clearing(&state) + line)
      state.statusWidth = line.count
    }
  }

  /// Clears the status line.
  func endStatus() {
    state.withLock { state in
      let text = Self.clearing(&state)
      if !text.isEmpty { write(text) }
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

  private func write(_ text: String) {
    var text = text
    // Ignores a write error: a failure of standard error cannot be reported anywhere.
    _ = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }
}

/// How much a message matters: the priorities of syslog(3) that nshist uses.
enum MessageLevel: Int, Sendable {
  case error = 3
  case warning = 4
  case notice = 5

  /// The word in JSON.
  var word: String {
    switch self {
    case .error: "error"
    case .warning: "warning"
    case .notice: "notice"
    }
  }
}

/// The form of a message on standard error.
enum MessageFormat: Sendable {
  /// For people.
  case text
  /// For systemd's journal, which reads the priority from the beginning of the line (sd-daemon(3)).
  case journal
  /// One JSON object a line, with the keys `time`, `level` and `message`.
  case json

  /// The form for a reader that nobody chose one for: the journal, if standard error is connected to it
  /// (`$JOURNAL_STREAM` of systemd.exec(5)), or else text.
  static var usual: MessageFormat {
    guard let stream = Environment.variable("JOURNAL_STREAM") else { return .text }
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0 else { return .text }
    return stream == "\(status.st_dev):\(status.st_ino)" ? .journal : .text
  }

  /// Returns the line of a message, without its end.
  func line(_ message: String, _ level: MessageLevel, at time: WallTime) -> String {
    let message = SystemText.sanitized(message)
    switch self {
    case .text: return "nshist: \(message)"
    case .journal: return "<\(level.rawValue)>nshist: \(message)"
    case .json:
      return JSON.object([
        ("time", .time(time)), ("level", .string(level.word)), ("message", .string(message)),
      ]).compact
    }
  }
}
