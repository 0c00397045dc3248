internal import CLinux
internal import Glibc
internal import NSHistory

/// Writes to standard output, or to a pager.
final class Output {
  private let file: OutputFile
  private let pager: Pager?
  /// Whether the output uses colour.
  let colours: Bool
  /// The number of columns of the terminal; 80 if it is unknown.
  let width: Int
  /// Whether standard output is a terminal, so that the user sees the text while it is written.
  let isSeen: Bool

  init(pages: Bool) throws(OutputError) {
    let isTerminal = isatty(STDOUT_FILENO) != 0
    pager = pages && isTerminal ? try Pager() : nil
    if let pager {
      file = OutputFile(descriptor: pager.descriptor)
    } else {
      file = try OutputFile(nil)
    }
    colours = Colour.isWanted
    let columns = Environment.variable("COLUMNS").flatMap { Int($0) }
    let measured = Int(clinux_terminal_width(STDOUT_FILENO))
    width = min(max(40, columns ?? (measured > 0 ? measured : 80)), 10_000)
    isSeen = isTerminal
  }

  /// Whether the user has quit the pager or pressed ^C in it. If so, `write` drops all further text.
  private(set) var isLeft = false

  /// Writes text, unless the user has quit the pager.
  func write(_ text: String) throws(OutputError) {
    if isSeen { Progress.shared.stop() }
    try unlessLeft { () throws(OutputError) in try file.write(text) }
  }

  /// Writes the buffered text, and waits until the pager has exited.
  func finish() throws(OutputError) {
    Progress.shared.stop()
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
