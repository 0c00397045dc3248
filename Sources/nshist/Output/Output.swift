internal import CLinux
internal import Glibc
internal import NSHistory

/// Standard output, or a pager in its place.
final class Output {
  private let file: OutputFile
  private let pager: Pager?
  /// Whether colour is shown.
  let colours: Bool
  /// How many columns there are; 80 where that is not known.
  let width: Int
  /// Whether what is written can be seen while it is.
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

  /// Whether nobody wants more: who leaves a pager has seen enough.
  private(set) var isLeft = false

  /// Adds text.
  func write(_ text: String) throws(OutputError) {
    if isSeen { Progress.shared.stop() }
    try unlessLeft { () throws(OutputError) in try file.write(text) }
  }

  /// Writes the rest, and waits until the pager has ended.
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
