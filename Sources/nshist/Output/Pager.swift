internal import Glibc
internal import SystemPackage

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
