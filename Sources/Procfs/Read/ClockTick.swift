internal import Glibc

/// The unit of start times in `/proc/PID/stat`.
package enum ClockTick {
  /// `sysconf(_SC_CLK_TCK)`: 100 on every usual build of Linux.
  package static let perSecond = max(1, sysconf(Int32(_SC_CLK_TCK)))
}
