internal import Glibc

/// Records whether the user pressed ^C while a pager shows the output.
enum Interrupt {
  // Only the signal handler writes the flag.
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  /// Installs a SIGINT handler that only sets the flag, so that ^C no longer ends the program.
  static func watch() { signal(SIGINT) { _ in Interrupt.flag = 1 } }

  static var wasAsked: Bool { flag != 0 }
}
