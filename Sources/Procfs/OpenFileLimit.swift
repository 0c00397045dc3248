internal import Glibc

/// The number of files this process may hold open (`RLIMIT_NOFILE`, `getrlimit(2)`).
package enum OpenFileLimit {
  /// How many files are left to all that is no directory of a process: a history and its log, two rings
  /// of events for each processor, what is read for a moment, and scans beside the samples.
  static var reserve: Int { 64 + 2 * max(0, Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))) }

  /// Raises the soft limit as far as the hard one and returns what holds now.
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
