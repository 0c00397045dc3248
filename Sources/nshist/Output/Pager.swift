internal import Glibc
internal import SystemPackage

/// The program that shows a long text page by page: `$PAGER`, or less(1).
final class Pager {
  private let stream: UnsafeMutablePointer<FILE>
  let descriptor: Int32

  init() throws(OutputError) {
    let program = Environment.variable("PAGER") ?? "less -FRX"
    // ^C is the pager's; the pipe that it closes ends this program.
    signal(SIGINT, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    guard let stream = popen(program, "w") else {
      throw OutputError(path: program, errno: Errno(rawValue: errno))
    }
    self.stream = stream
    descriptor = fileno(stream)
  }

  /// Waits until it has ended.
  func wait() { pclose(stream) }
}
