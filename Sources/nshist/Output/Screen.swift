internal import CLinux
internal import Glibc
internal import NSHistory
internal import SystemPackage

/// A terminal that shows one picture, which is drawn again and again in its place, as top(1) does. The picture is on
/// the alternate screen (xterm control sequences), so that the text above the command stays.
final class Screen {
  private let descriptor: Int32
  private let file: OutputFile
  private let signals: Int32
  private var previousMask: sigset_t
  private var isShown = false

  /// Whether the user pressed ^Z. Only the signal handler sets the flag.
  nonisolated(unsafe) private static var isSuspended: sig_atomic_t = 0

  /// Blocks the signals that end a program, for which `wait` waits.
  init(_ console: Console) throws(OutputError) {
    var mask = sigset_t()
    let signals = clinux_stop_signals(&mask)
    guard signals >= 0 else {
      throw OutputError(path: "to the terminal", errno: Errno(rawValue: errno))
    }
    descriptor = console.output
    file = OutputFile(descriptor: console.output)
    self.signals = signals
    previousMask = mask
    // poll(2) ends early after a signal that has a handler: the picture is drawn anew for the new size.
    signal(SIGWINCH) { _ in }
    signal(SIGTSTP) { _ in Screen.isSuspended = 1 }
  }

  deinit {
    leave()
    signal(SIGWINCH, SIG_DFL)
    signal(SIGTSTP, SIG_DFL)
    clinux_release_signals(signals, &previousMask)
  }

  /// The width and the height of the terminal, in characters. What the terminal says comes before `COLUMNS`, which
  /// keeps the width at which the command was started.
  var size: Size {
    let width = Int(clinux_terminal_width(descriptor))
    let height = Int(clinux_terminal_height(descriptor))
    return Size(
      width: width > 0 ? max(40, width) : Console.width(of: descriptor),
      height: height > 0 ? height : 24)
  }

  struct Size: Equatable {
    let width: Int
    let height: Int
  }

  /// Draws lines, none of which is wider than the terminal. Lines below its lower end are left out.
  func show(_ lines: [String]) throws(OutputError) {
    let size = size
    // A terminal that knows synchronized output (mode 2026) shows the new picture at once, and others ignore it.
    var text = isShown ? "" : "\u{1B}[?1049h\u{1B}[?25l"
    text += "\u{1B}[?2026h\u{1B}[H"
    isShown = true
    let shown = lines.prefix(size.height)
    // Erases the rest of each line, unless the cursor waits behind the last column, where it would erase the last
    // character.
    text += shown.map { TextWrap.width(of: $0) < size.width ? $0 + "\u{1B}[K" : $0 }
      .joined(separator: "\r\n")
    if shown.count < size.height { text += "\r\n\u{1B}[J" }
    try file.write(text + "\u{1B}[?2026l")
    try file.flush()
  }

  /// Waits for some time, or until the size of the terminal may have changed. Returns false if a signal ends the
  /// program: ^C, SIGTERM, SIGQUIT or SIGHUP.
  func wait(milliseconds: Int32) throws(OutputError) -> Bool {
    var waits = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
    let count = poll(&waits, 1, milliseconds)
    if count < 0, errno != EINTR {
      throw OutputError(path: "to the terminal", errno: Errno(rawValue: errno))
    }
    if Screen.isSuspended != 0 {
      Screen.isSuspended = 0
      leave()
      kill(getpid(), SIGSTOP)
    }
    return count <= 0
  }

  /// Shows the text again that was on the terminal before the first picture.
  private func leave() {
    guard isShown else { return }
    isShown = false
    // Ignores a write error: a terminal that is gone has nothing to show.
    let text: StaticString = "\u{1B}[?25h\u{1B}[?1049l"
    _ = write(descriptor, text.utf8Start, text.utf8CodeUnitCount)
  }
}
