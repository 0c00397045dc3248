internal import Glibc

/// The priority at which the recorder gets a processor: its nice value (`sched(7)`), from -20, the first to get one, to
/// 19. On a machine that is busy, a recorder that waits for long loses events.
package enum ProcessorPriority {
  /// The nice value of a recorder that may raise its priority; the same as in its systemd unit.
  package static let raised: Int32 = -5

  /// Linux takes a process's number for that of a thread, and 0 for the calling one (`setpriority(2)`).
  private static let process = __priority_which_t(PRIO_PROCESS.rawValue)

  /// The nice value of the calling thread.
  package static var current: Int32 { getpriority(process, 0) }

  /// Raises the priority of the calling thread while `body` runs, and so that of the threads that it starts. Does nothing
  /// where that is not permitted, and where the thread was started with another nice value than 0.
  package static func raising<T>(_ body: () throws -> T) rethrows -> T {
    let isRaised = raise()
    defer { if isRaised { setpriority(process, 0, 0) } }
    return try body()
  }

  /// Whether the calling thread may raise its priority: it has `CAP_SYS_NICE`, or `RLIMIT_NICE` permits it
  /// (`setpriority(2)`). Finds out by raising it for a moment.
  package static var mayBeRaised: Bool { raising { current } == raised }

  /// Returns whether it raised the priority.
  private static func raise() -> Bool {
    current == 0 && setpriority(process, 0, raised) == 0
  }
}
