internal import NSHistory
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

/// Scans for pins periodically and on request, on a thread of its own beside the sampling loop. Pins are the mounts,
/// open files and sockets that keep namespaces alive.
final class BackgroundPinScan {
  typealias ScanResult = Result<PinScan, ProcfsError>

  private let work: BackgroundWork<Void, ScanResult>
  private let every: Int64
  /// Watches for mounts and unmounts; nil if that is not possible.
  private let mounts: MountMonitor?
  private var due: BootTime = .min
  private var began: BootTime = .zero
  /// The result of the last scan, if it is not in the history file yet.
  private(set) var found: PinScan?
  /// The duration of the last scan, in nanoseconds.
  private var took: Int64 = 0
  /// Whether a scan was requested since the last one began, because the pins may have changed: a namespace
  /// lost its last process, a process that pinned a namespace exited, or something was mounted or unmounted.
  private var isRequested = false
  private var hasLoggedSlow = false
  private var hasLoggedNoThread = false
  private var loggedFailure: ProcfsError.Cause?

  /// The duration in nanoseconds after which a scan is reported as slow.
  private static let slow: Int64 = 60_000_000_000

  /// A requested scan begins at the earliest when `rest` nanoseconds, and `restFactor` times the duration of
  /// the last scan, have passed since the beginning of the last scan. So scans take a small part of the time
  /// only.
  private static let rest: Int64 = 3_000_000_000
  private static let restFactor: Int64 = 50
  /// The time between two checks for the end of a scan, in nanoseconds.
  private static let pollInterval: Int64 = 200_000_000

  /// - Parameter every: nanoseconds from the start of one periodic scan to the next.
  init(_ root: ProcRoot, _ path: String, _ identity: IdentitySource, every: Int64) {
    self.every = every
    mounts = MountMonitor(root: root)
    work = BackgroundWork {
      var scanner: PinScanner?
      return { _ in
        do throws(ProcfsError) {
          let known = scanner
          let ready =
            if let known { known } else {
              PinScanner(root: try ProcRoot(path: path), identity: identity)
            }
          scanner = ready
          return .success(try ready.scan())
        } catch { return .failure(error) }
      }
    }
  }

  /// Whether a scan is running.
  var isRunning: Bool { work.isRunning }

  /// Collects the result of a finished scan, and starts a scan that is due. Returns a message to log, if
  /// there is one.
  func poll(at now: BootTime) -> String? {
    var message: String?
    if mounts?.hasChanged() == true { request() }
    switch work.take() {
    case .success(let scan):
      found = scan
      took = max(0, scan.end.boot - scan.start.boot)
    case .failure(let error):
      if loggedFailure != error.cause { message = "\(error); pins of namespaces are not known" }
      loggedFailure = error.cause
    case nil: break
    }
    if work.isRunning {
      if now - began > Self.slow, !hasLoggedSlow {
        hasLoggedSlow = true
        message = """
          the scan for pins (mounts, open files, sockets) has not ended for \
          \(TimeFormat.duration(now - began)); what it would find is not known
          """
      }
    } else if now >= due || (isRequested && now >= earliest) {
      began = now
      isRequested = false
      due = now + every
      do throws(Errno) {
        try work.begin(())
        hasLoggedNoThread = false
      } catch {
        if !hasLoggedNoThread {
          message = """
            cannot make a thread to scan for pins of namespaces: \(error); they are not known, and it is \
            tried again; raise the limit of processes or of address space (ulimit -u, ulimit -v)
            """
        }
        hasLoggedNoThread = true
      }
    }
    return message
  }

  /// Requests a scan before the next periodic one, because the pins of a namespace may have changed.
  func request() { isRequested = true }

  private var earliest: BootTime { began + max(Self.rest, Self.restFactor * took) }

  /// Returns the time on the boot clock at which the caller has to call `poll` again; nil if only the next
  /// periodic scan is outstanding, for which a call after each sample suffices.
  func next(after now: BootTime) -> BootTime? {
    if work.isRunning { return now + Self.pollInterval }
    return isRequested ? max(earliest, now) : nil
  }

  /// Clears the result, once it is in the history file.
  func acknowledge() { found = nil }
}
