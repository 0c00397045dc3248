internal import NSHistory
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

/// Looks now and then for what pins namespaces, apart from the loop that takes samples.
final class PinWatch {
  typealias Outcome = Result<PinScan, ProcfsError>

  private let work: BackgroundWork<Void, Outcome>
  private let every: Int64
  /// Nil where it cannot be watched what is mounted.
  private let mounts: MountWatch?
  private var due: Int64 = .min
  private var began: Int64 = 0
  /// What was found and is not in the file yet.
  private(set) var found: PinScan?
  /// How long the last scan took.
  private var took: Int64 = 0
  /// Whether a namespace lost its last process, one that kept a namespace exited, or something was mounted or
  /// unmounted, since the last scan began.
  private var isRequested = false
  private var isSaidSlow = false
  private var isSaidNoThread = false
  private var saidFailure: ProcfsError.Cause?

  /// After so long a look is said to be slow, in nanoseconds.
  private static let slow: Int64 = 60_000_000_000

  /// A scan that was asked for begins so long after the one before at the earliest, and so many times as
  /// long after it as that took.
  private static let rest: Int64 = 3_000_000_000
  private static let restFactor: Int64 = 50
  /// How often it is looked at whether a scan is over.
  private static let poll: Int64 = 200_000_000

  /// - Parameter every: nanoseconds from one look to the next.
  init(_ root: ProcRoot, _ path: String, _ identity: IdentitySource, every: Int64) {
    self.every = every
    mounts = MountWatch(root: root)
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

  /// Whether a look is under way.
  var isLooking: Bool { work.isRunning }

  /// Takes over what was found, and begins a look that is due. Gives what there is to say.
  func turn(at now: Int64) -> String? {
    var message: String?
    if mounts?.hasChanged() == true { request() }
    switch work.take() {
    case .success(let scan):
      found = scan
      took = max(0, scan.end.boot - scan.start.boot)
    case .failure(let error):
      if saidFailure != error.cause { message = "\(error); pins of namespaces are not known" }
      saidFailure = error.cause
    case nil: break
    }
    if work.isRunning {
      if now - began > Self.slow, !isSaidSlow {
        isSaidSlow = true
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
        isSaidNoThread = false
      } catch {
        if !isSaidNoThread {
          message = """
            cannot make a thread to scan for pins of namespaces: \(error); they are not known, and it is \
            tried again; raise the limit of processes or of address space (ulimit -u, ulimit -v)
            """
        }
        isSaidNoThread = true
      }
    }
    return message
  }

  /// Asks for a scan before the next is due: what keeps a namespace may have changed.
  func request() { isRequested = true }

  private var earliest: Int64 { began + max(Self.rest, Self.restFactor * took) }

  /// When there is something to do, on the boot clock; nil while only the next scan is to come.
  func next(after now: Int64) -> Int64? {
    if work.isRunning { return now + Self.poll }
    return isRequested ? max(earliest, now) : nil
  }

  /// What was found is in the file.
  func settle() { found = nil }
}
