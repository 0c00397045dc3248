// Background scans beside the sampling loop: for pins of namespaces and for names of containers. The
// recorder writes their results after a sample.

internal import Containers
internal import Glibc
internal import NSHistory
internal import NamespaceModel
internal import Procfs

extension Recorder {
  /// How long the end of a recording waits for background scans, in nanoseconds; the short limit applies
  /// after a stop signal.
  private static let patience: Int64 = 10_000_000_000
  private static let shortPatience: Int64 = 300_000_000
  /// The delay in nanoseconds until the next attempt to write a scan, if events from the time of the scan
  /// may still arrive.
  private static let settling: Int64 = 50_000_000

  /// Returns the path of the host's root directory: the configured one, or the parent of the `/proc` that
  /// is read; nil if neither is known.
  static func hostRoot(_ configuration: RecorderConfiguration, _ root: ProcRoot) -> String? {
    if let given = configuration.hostRoot { return given }
    let path = root.realPath
    guard path.hasSuffix("/proc") else { return nil }
    return path == "/proc" ? "/" : String(path.dropLast("/proc".count))
  }

  /// Returns the lookup of container names; nil if the host's root directory is unknown, or was not
  /// configured and is unusable. Containers are then recorded by id only.
  static func nameWatch(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ notices: StartupDiagnostics
  ) throws(RecorderError) -> NameWatch? {
    guard let path = hostRoot(configuration, root) else { return nil }
    do throws(ContainerNamesError) { return try NameWatch(path) } catch {
      guard configuration.hostRoot == nil else { throw .containerNames(error) }
      notices.say("\(error); names of containers are not looked up")
      return nil
    }
  }

  /// Starts the background scans that are due, and writes the results of finished ones.
  func lookAround() {
    if writer.takePinScanRequest() { pins?.request() }
    defer { scansDue = pins?.next(after: ClockReading.now().boot) ?? .max }
    if let pins, let message = pins.turn(at: ClockReading.now().boot) { notices.say(message) }
    // Results belong to a session, and a session begins with a sample.
    guard outcomes.summary.samples > 0 else { return }
    // Fetches the containers even if no names are looked up, because the writer would otherwise buffer
    // them without end.
    let met = writer.takeUnnamedContainers()
    for message in names?.turn(met: met, at: ClockReading.now().boot) ?? [] {
      notices.say(message)
    }
    do throws(HistoryError) {
      if let found = pins?.found {
        if let scan = events.map({ $0.complete(found) }) ?? found {
          try writer.write(scan)
          pins?.settle()
        } else {
          // The events from the time of the scan have to be applied first.
          eventsDue = min(eventsDue, ClockReading.now().boot + Self.settling)
        }
      }
      if let found = names?.found, !found.isEmpty {
        try writer.write(found)
        names?.settle()
      }
    } catch { outcomes.failFindings("\(error); trying again behind the next sample") }
  }

  /// Waits for running background scans, so that a short recording has their results.
  func finishLooks(_ wakeups: EventLoop) {
    guard outcomes.summary.samples > 0, isInPlace() else { return }
    let began = ClockReading.now().boot
    while pins?.isLooking == true || names?.isLooking == true {
      outcomes.summary.signal = outcomes.summary.signal ?? wakeups.pendingStop()
      let limit = outcomes.summary.signal == nil ? Self.patience : Self.shortPatience
      guard ClockReading.now().boot - began < limit else { break }
      usleep(5000)
    }
    lookAround()
    // At the end, the recorder does not wait for events from the time of the scan.
    guard let scan = pins?.found else { return }
    do throws(HistoryError) {
      try writer.write(scan)
      pins?.settle()
    } catch { outcomes.failFindings("\(error)") }
  }
}
