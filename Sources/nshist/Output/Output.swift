internal import Glibc
internal import NSHistory
internal import SystemPackage

/// Writes to standard output, or to a pager.
final class Output {
  private let file: OutputFile
  private let pager: Pager?
  private let messages: Messages
  /// Whether the output uses colour.
  let colours: Bool
  /// The number of columns of the terminal.
  let width: Int
  /// Whether standard output is a terminal, so that the user sees the text while it is written.
  let isSeen: Bool

  init(_ console: Console, pages: Bool = false) throws(OutputError) {
    messages = console.messages
    colours = console.colours
    width = console.width
    isSeen = console.isTerminal
    pager = pages && console.isTerminal ? try Pager() : nil
    if let pager {
      file = OutputFile(descriptor: pager.descriptor)
    } else {
      file = OutputFile(descriptor: console.output)
    }
  }

  /// Whether the user has quit the pager or pressed ^C in it. If so, `write` drops all further text.
  private(set) var isLeft = false

  /// Writes text, unless the user has quit the pager.
  func write(_ text: String) throws(OutputError) {
    if isSeen { messages.stopProgress() }
    try unlessLeft { () throws(OutputError) in try file.write(text) }
  }

  /// Writes a line of a text, which a terminal that is too narrow gets in several lines.
  func write(line: String) throws(OutputError) {
    try write((isSeen ? TextWrap.wrapped(line, width) : line) + "\n")
  }

  /// Prints a message on standard error.
  func say(_ message: String) { messages.say(message) }

  /// Updates the status line of a query.
  func progress() { messages.progress() }

  /// Writes the buffered text.
  func flush() throws(OutputError) {
    try unlessLeft { () throws(OutputError) in try file.flush() }
  }

  /// Writes the buffered text, and waits until the pager has exited.
  func finish() throws(OutputError) {
    messages.stopProgress()
    try unlessLeft { () throws(OutputError) in try file.finish() }
    try pager?.wait()
  }

  private func unlessLeft(_ body: () throws(OutputError) -> Void) throws(OutputError) {
    if Interrupt.wasAsked { isLeft = true }
    guard !isLeft else { return }
    do throws(OutputError) { try body() } catch {
      guard pager != nil, error.isBrokenPipe else { throw error }
      isLeft = true
    }
  }
}

/// Runs the program that shows a long text page by page: `$PAGER`, or less(1).
final class Pager {
  private let program: String
  private let stream: UnsafeMutablePointer<FILE>
  let descriptor: Int32

  /// The exit status of a shell that does not find a program (sh(1)).
  private static let notFound: Int32 = 127

  init() throws(OutputError) {
    program = Environment.variable("PAGER") ?? "less -FRX"
    guard let stream = popen(program, "w") else {
      throw OutputError(path: program, errno: Errno(rawValue: errno))
    }
    self.stream = stream
    descriptor = fileno(stream)
    // Changes the signal actions only after popen, so that the pager inherits the original ones. The terminal
    // sends ^C to both programs, and it must not end this program before the pager.
    Interrupt.watch()
    signal(SIGPIPE, SIG_IGN)
  }

  /// Closes the pipe, and waits until the pager has exited.
  func wait() throws(OutputError) {
    let status = pclose(stream)
    let code = (status >> 8) & 0xFF
    if status == -1 || code == Self.notFound {
      throw OutputError(path: "to the pager '\(program)'", errno: .noSuchFileOrDirectory)
    }
    // Does not report a pager that a signal ended as an error: the user stopped it.
    if status & 0x7F == 0, code != 0 {
      throw OutputError(path: "to the pager '\(program)'", errno: .ioError)
    }
  }
}

/// Records whether the user pressed ^C while a pager shows the output.
enum Interrupt {
  // Only the signal handler writes the flag.
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  /// Installs a SIGINT handler that only sets the flag, so that ^C no longer ends the program.
  static func watch() { signal(SIGINT) { _ in Interrupt.flag = 1 } }

  static var wasAsked: Bool { flag != 0 }
}
