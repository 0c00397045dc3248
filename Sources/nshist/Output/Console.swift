internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import NSHistory
internal import NamespaceModel
internal import Synchronization

/// What a command prints to, and what it has to know of the terminal and of the time. `NSHist.main` makes it once,
/// and hands it to the command; the command hands it to everything that prints.
struct Console: Sendable {
  /// The descriptor that the answer is written to: standard output.
  let output: Int32
  /// The messages on standard error.
  let messages: Messages
  /// The time at which the program started. Every question takes it as the present.
  let start: ClockReading
  /// Whether standard output is a terminal, so that the user sees the text while it is written.
  let isTerminal: Bool
  /// Whether standard output is a terminal that shows colour (no-color.org).
  let colours: Bool
  /// Whether standard output is a terminal that shows colours, block characters and the 256 colours of xterm.
  let showsBlocks: Bool
  /// The number of columns of the terminal; 80 if it is unknown.
  let width: Int

  /// The console of this process, or one that prints to other descriptors.
  init(output: Int32 = STDOUT_FILENO, messages: Int32 = STDERR_FILENO) {
    self.output = output
    start = ClockReading.now()
    self.messages = Messages(to: messages, start: start.monotonic)
    isTerminal = isatty(output) != 0
    colours =
      isTerminal && Environment.variable("NO_COLOR") == nil
      && Environment.variable("TERM") != "dumb"
    showsBlocks = colours && Environment.isUTF8 && Environment.has256Colours
    width = Self.width(of: output)
  }

  /// Returns the number of columns of a terminal: `COLUMNS`, or what the terminal says, or 80.
  static func width(of descriptor: Int32) -> Int {
    let columns = Environment.variable("COLUMNS").flatMap { Int($0) }
    let measured = Int(clinux_terminal_width(descriptor))
    return min(max(40, columns ?? (measured > 0 ? measured : 80)), 10_000)
  }

  /// The wall clock at the start of the program.
  var now: WallTime { start.wall }
}

/// A command that runs on a console.
protocol ConsoleCommand: ParsableCommand {
  func run(on console: Console) throws
}

/// The environment variables of the process.
enum Environment {
  /// Returns the value of a variable; nil if it is unset or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Whether the terminal says that it has 256 colours or more: by the name of its type (terminfo(5)), or by
  /// `COLORTERM`.
  static var has256Colours: Bool {
    if variable("COLORTERM") != nil { return true }
    let names = ["256color", "direct", "kitty", "alacritty", "foot", "ghostty", "wezterm"]
    return variable("TERM").map { type in names.contains { type.contains($0) } } ?? false
  }

  /// Whether the character encoding of the locale is UTF-8 (locale(7)).
  static var isUTF8: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first ?? ""
    return ["UTF-8", "utf-8", "UTF8", "utf8"].contains { locale.hasSuffix($0) }
  }
}
