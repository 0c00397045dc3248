internal import CLinux
internal import Glibc
internal import SystemPackage

/// What a recorder waits for: the next slot of its schedule, or a signal to end.
final class EventLoop {
  private let timer: Int32
  private let signals: Int32
  private var previousMask: sigset_t
  /// The first signal that came.
  private var stop: Int32?

  enum Wakeup: Equatable {
    case slot
    case stop(signal: Int32)
    /// One of the files that were waited for is readable.
    case events
  }

  /// Takes over SIGINT, SIGTERM, SIGQUIT and SIGHUP for the calling thread, and gives them back at
  /// the end.
  init() throws(Errno) {
    // A throw after all properties are set would run `deinit`.
    let timer = clinux_boot_timer()
    guard timer >= 0 else { throw Errno(rawValue: errno) }
    var mask = sigset_t()
    let signals = clinux_stop_signals(&mask)
    guard signals >= 0 else {
      let failure = Errno(rawValue: errno)
      close(timer)
      throw failure
    }
    self.timer = timer
    self.signals = signals
    previousMask = mask
  }

  deinit {
    close(timer)
    // A second ^C meant what the first did.
    clinux_release_signals(signals, &previousMask)
  }

  /// Sleeps until the boot clock shows `time`, a signal comes, or one of some files is readable.
  func wait(until time: Int64, for files: [Int32] = []) throws(Errno) -> Wakeup {
    guard clinux_arm_timer(timer, max(1, time)) == 0 else { throw Errno(rawValue: errno) }
    var waits = ([signals, timer] + files).map { file in
      pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    }
    while true {
      if poll(&waits, nfds_t(waits.count), -1) < 0 {
        let failure = Errno(rawValue: errno)
        if failure == .interrupted { continue }
        throw failure
      }
      if waits[0].revents != 0 {
        let signal = clinux_read_signal(signals)
        guard signal >= 0 else { throw Errno(rawValue: errno) }
        if signal > 0 {
          stop = stop ?? signal
          return .stop(signal: signal)
        }
      }
      if waits[1].revents != 0 { return .slot }
      if waits.count > 2 { return .events }
    }
  }

  /// The signal that has come, if one has.
  func pendingStop() -> Int32? {
    if stop == nil {
      let signal = clinux_read_signal(signals)
      if signal > 0 { stop = signal }
    }
    return stop
  }
}
