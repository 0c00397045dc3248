// What is looked for apart from the loop, and written behind a sample: what pins namespaces, and what
// engines call containers.

internal import Containers
internal import Glibc
internal import NSHistory
internal import NamespaceModel
internal import Procfs

extension Recorder {
  /// How long the end of a recording waits for a look: one that was asked to end is in a hurry.
  private static let patience: Int64 = 10_000_000_000
  private static let shortPatience: Int64 = 300_000_000
  /// How long events of a scan's time may be on their way.
  private static let settling: Int64 = 50_000_000

  /// The folder where the root of the host's files is, if the path of its `/proc` tells.
  static func hostRoot(_ configuration: RecorderConfiguration, _ root: ProcRoot) -> String? {
    if let given = configuration.hostRoot { return given }
    let path = root.realPath
    guard path.hasSuffix("/proc") else { return nil }
    return path == "/proc" ? "/" : String(path.dropLast("/proc".count))
  }

  /// Nil where there is no such folder: then containers have their ids only.
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

  /// Begins the looks that are due, and writes down what the last ones found.
  func lookAround() {
    if writer.takePinScanRequest() { pins?.request() }
    defer { scansDue = pins?.next(after: ClockReading.now().boot) ?? .max }
    if let pins, let message = pins.turn(at: ClockReading.now().boot) { notices.say(message) }
    // What was found belongs to a session, which begins with a sample.
    guard outcomes.summary.samples > 0 else { return }
    // Taken also where no names are looked up: they would be kept for ever.
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
          // What was reported of the time of the scan is to be applied first.
          eventsDue = min(eventsDue, ClockReading.now().boot + Self.settling)
        }
      }
      if let found = names?.found, !found.isEmpty {
        try writer.write(found)
        names?.settle()
      }
    } catch { outcomes.failFindings("\(error); trying again behind the next sample") }
  }

  /// Waits for looks that are under way, so that a short recording has them.
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
    // Events of its time are not waited for at the end.
    guard let scan = pins?.found else { return }
    do throws(HistoryError) {
      try writer.write(scan)
      pins?.settle()
    } catch { outcomes.failFindings("\(error)") }
  }
}
