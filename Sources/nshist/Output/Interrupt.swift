internal import Glibc

/// Whether ^C was pressed while a pager shows the output.
enum Interrupt {
  // Written by a signal handler, and by nothing else.
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  /// From now on the signal is only noted.
  static func watch() { signal(SIGINT) { _ in Interrupt.flag = 1 } }

  static var wasAsked: Bool { flag != 0 }
}
