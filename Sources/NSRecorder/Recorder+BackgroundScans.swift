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
  private static let scanTimeout: Int64 = 10_000_000_000
  private static let scanTimeoutAfterSignal: Int64 = 300_000_000
  /// The delay in nanoseconds until the next attempt to write a scan, if events from the time of the scan
  /// may still arrive.
  private static let scanRetryDelay: Int64 = 50_000_000

  /// Returns the path of the host's root directory: the configured one, or the parent of the `/proc` that
  /// is read; nil if neither is known.
  static func hostRoot(_ configuration: RecorderConfiguration, _ root: ProcRoot) -> String? {
    if let given = configuration.hostRoot { return given }
    let path = root.realPath
    guard path.hasSuffix("/proc") else { return nil }
    return path == "/proc" ? "/" : String(path.dropLast("/proc".count))
  }

  /// Returns the lookup of container names; nil if the host's root directory is not known, or was not
  /// configured and cannot be opened. Containers are then recorded by id only.
  static func makeNameLookup(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ diagnostics: StartupDiagnostics
  ) throws(RecorderError) -> BackgroundNameLookup? {
    guard let path = hostRoot(configuration, root) else { return nil }
    do throws(ContainerNamesError) { return try BackgroundNameLookup(path) } catch {
      guard configuration.hostRoot == nil else { throw .containerNames(error) }
      diagnostics.log("\(error); names of containers are not looked up")
      return nil
    }
  }

  /// Starts the background scans that are due, and writes the results of finished ones.
  func pollBackgroundScans() {
    if writer.takePinScanRequest() { pins?.request() }
    defer { scansDue = pins?.next(after: ClockReading.now().boot) ?? .max }
    if let pins, let message = pins.poll(at: ClockReading.now().boot) { diagnostics.log(message) }
    // Results belong to a session, and a session begins with a sample.
    guard statistics.summary.samples > 0 else { return }
    // Fetches the containers even if no names are looked up, because the writer would otherwise buffer
    // them without end.
    let observed = writer.takeUnnamedContainers()
    for message in names?.poll(observed: observed, at: ClockReading.now().boot) ?? [] {
      diagnostics.log(message)
    }
    do throws(HistoryError) {
      if let found = pins?.found {
        if let scan = events.map({ $0.complete(found) }) ?? found {
          try writer.write(scan)
          pins?.acknowledge()
        } else {
          // The events from the time of the scan have to be applied first.
          eventsDue = min(eventsDue, ClockReading.now().boot + Self.scanRetryDelay)
        }
      }
      if let found = names?.found, !found.isEmpty {
        try writer.write(found)
        names?.acknowledge()
      }
    } catch { statistics.failBackgroundScans("\(error); trying again after the next sample") }
  }

  /// Waits for running background scans, so that a short recording has their results.
  func awaitBackgroundScans(_ eventLoop: EventLoop) {
    guard statistics.summary.samples > 0, isInPlace() else { return }
    let began = ClockReading.now().boot
    while pins?.isRunning == true || names?.isRunning == true {
      statistics.summary.signal = statistics.summary.signal ?? eventLoop.pendingStop()
      let limit = statistics.summary.signal == nil ? Self.scanTimeout : Self.scanTimeoutAfterSignal
      guard ClockReading.now().boot - began < limit else { break }
      usleep(5000)
    }
    pollBackgroundScans()
    // At the end, the recorder does not wait for events from the time of the scan.
    guard let scan = pins?.found else { return }
    do throws(HistoryError) {
      try writer.write(scan)
      pins?.acknowledge()
    } catch { statistics.failBackgroundScans("\(error)") }
  }
}
