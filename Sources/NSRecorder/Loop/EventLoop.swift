internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Waits for a time, for a signal that ends the recorder, or for a readable descriptor, whichever comes first.
final class EventLoop {
  private let timer: Int32
  private let signals: Int32
  private var previousMask: sigset_t
  /// The first stop signal that was read; nil while there is none.
  private var stop: Int32?

  /// The reasons for which a wait ends.
  enum Wakeup: Equatable {
    /// The boot clock has reached the time passed to `wait`.
    case slot
    /// A stop signal arrived.
    case stop(signal: Int32)
    /// One of the descriptors passed to `wait` is readable.
    case events
  }

  /// Blocks SIGINT, SIGTERM, SIGQUIT and, unless it is ignored, SIGHUP for the calling thread, and reads them
  /// from a descriptor. `deinit` restores the signal mask.
  init() throws(Errno) {
    // The stored properties are set last: a throw after all of them are set would run `deinit`.
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
    // This discards pending signals: a second ^C has the same purpose as the first.
    clinux_release_signals(signals, &previousMask)
  }

  /// Sleeps until the boot clock reaches `time`, a stop signal arrives, or one of the descriptors in
  /// `files` is readable.
  func wait(until time: BootTime, for files: [Int32] = []) throws(Errno) -> Wakeup {
    guard clinux_arm_timer(timer, max(1, time.nanoseconds)) == 0 else {
      throw Errno(rawValue: errno)
    }
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

  /// Returns the first stop signal received; nil if there is none. Never blocks.
  func pendingStop() -> Int32? {
    if stop == nil {
      let signal = clinux_read_signal(signals)
      if signal > 0 { stop = signal }
    }
    return stop
  }
}
