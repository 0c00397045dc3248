internal import Glibc
internal import NSHistory

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
      file = try OutputFile(nil)
    }
  }

  /// Whether the user has quit the pager or pressed ^C in it. If so, `write` drops all further text.
  private(set) var isLeft = false

  /// Writes text, unless the user has quit the pager.
  func write(_ text: String) throws(OutputError) {
    if isSeen { messages.stopProgress() }
    try unlessLeft { () throws(OutputError) in try file.write(text) }
  }

  /// Prints a message on standard error.
  func say(_ message: String) { messages.say(message) }

  /// Updates the status line of a query.
  func progress() { messages.progress() }

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
