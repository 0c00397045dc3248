internal import CLinux
internal import Glibc

/// The service manager that started this process and waits to hear from it: systemd, for a unit with `Type=notify`.
/// The protocol is that of sd_notify(3), and of sd_watchdog_enabled(3) for the signs of life.
struct ServiceManager {
  private let socket: String
  /// The time in nanoseconds after which a recorder that gave no sign of life is restarted; nil if nobody watches.
  let watchdog: Int64?

  /// Returns nil if no service manager waits to hear from this process.
  init?() {
    guard let socket = Environment.variable("NOTIFY_SOCKET") else { return nil }
    self.socket = socket
    let isForThisProcess =
      Environment.variable("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
    let microseconds = Environment.variable("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
    watchdog =
      isForThisProcess && (1...Int64.max / 1000).contains(microseconds) ? microseconds * 1000 : nil
  }

  /// Says that the first sample is in the file.
  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

  /// Says what the last sample showed.
  func status(_ text: String) { send("STATUS=\(text)") }

  /// Gives a sign of life.
  func alive() { send("WATCHDOG=1") }

  /// Says that the recording is about to end.
  func stopping() { send("STOPPING=1") }

  private func send(_ text: String) {
    // A service manager that does not listen any more is no reason to end the recording: it notices by itself that
    // it hears nothing.
    _ = clinux_notify_service(socket, text)
  }
}
