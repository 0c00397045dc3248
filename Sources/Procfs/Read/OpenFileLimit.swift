internal import Glibc

/// The number of files that this process may have open (`RLIMIT_NOFILE`, `getrlimit(2)`).
package enum OpenFileLimit {
  /// The number of open files reserved for everything but the directories of processes: a history file
  /// with its `-wal` file, two perf events for each processor, files that are open briefly, and scans that
  /// run at the same time as samples.
  static var reserve: Int { 64 + 2 * max(0, Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))) }

  /// Raises the soft limit to the hard limit, and returns the limit in force.
  package static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
