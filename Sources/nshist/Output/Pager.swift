internal import Glibc
internal import SystemPackage

/// The program that shows a long text page by page: `$PAGER`, or less(1).
final class Pager {
  private let program: String
  private let stream: UnsafeMutablePointer<FILE>
  let descriptor: Int32

  /// The status of a shell that does not find a program (sh(1)).
  private static let notFound: Int32 = 127

  init() throws(OutputError) {
    program = Environment.variable("PAGER") ?? "less -FRX"
    guard let stream = popen(program, "w") else {
      throw OutputError(path: program, errno: Errno(rawValue: errno))
    }
    self.stream = stream
    descriptor = fileno(stream)
    // The pager was started with both as they were. ^C is for it as well, and must not end this
    // program before it.
    Interrupt.watch()
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits until it has ended.
  func wait() throws(OutputError) {
    let status = pclose(stream)
    let code = (status >> 8) & 0xFF
    if status == -1 || code == Self.notFound {
      throw OutputError(path: "to the pager '\(program)'", errno: .noSuchFileOrDirectory)
    }
    // One that was ended by a signal has shown what was wanted.
    if status & 0x7F == 0, code != 0 {
      throw OutputError(path: "to the pager '\(program)'", errno: .ioError)
    }
  }
}
