internal import Containers
internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// The scans beside the sampling loop: for pins of namespaces and for names of containers. Their results are written
/// after a sample.
final class BackgroundScans {
  /// The scans for pins; nil if the recorder does not scan for pins.
  private let pins: BackgroundPinScan?
  /// The lookup of container names; nil if the recorder does not look them up.
  private let names: BackgroundNameLookup?

  /// What came of a poll.
  struct Outcome {
    /// Messages to log.
    var messages: [String] = []
    /// Whether a scan cannot be written before the events of its time have been applied.
    var waitsForEvents = false
    /// Why results could not be written; they stay here until the next poll.
    var failure: HistoryError?
    /// When to poll again; nil if a poll after each sample suffices.
    var next: BootTime?
  }

  init(_ pins: BackgroundPinScan?, _ names: BackgroundNameLookup?) {
    self.pins = pins
    self.names = names
  }

  /// Whether a scan is running.
  var isRunning: Bool { pins?.isRunning == true || names?.isRunning == true }

  /// Starts the scans that are due, and writes the results of finished ones.
  ///
  /// - Parameter mayWrite: whether results may be written. They belong to a session, and a session begins with a sample.
  func poll(_ writer: HistoryWriter, _ events: EventRecording?, mayWrite: Bool) -> Outcome {
    var outcome = Outcome()
    if writer.takePinScanRequest() { pins?.request() }
    if let message = pins?.poll(at: ClockReading.now().boot) { outcome.messages.append(message) }
    if mayWrite {
      // Fetches the containers even if no names are looked up, because the writer would otherwise buffer
      // them without end.
      let observed = writer.takeUnnamedContainers()
      outcome.messages += names?.poll(observed: observed, at: ClockReading.now().boot) ?? []
      do throws(HistoryError) { outcome.waitsForEvents = try !write(writer, events) } catch {
        outcome.failure = error
      }
    }
    outcome.next = pins?.next(after: ClockReading.now().boot)
    return outcome
  }

  /// Writes the results that there are. Returns false if a scan for pins has to wait for events.
  private func write(
    _ writer: HistoryWriter, _ events: EventRecording?
  ) throws(HistoryError) -> Bool {
    var isComplete = true
    if let found = pins?.found {
      if let scan = events.map({ $0.complete(found) }) ?? found {
        try writer.write(scan)
        pins?.acknowledge()
      } else {
        isComplete = false
      }
    }
    if let found = names?.found, !found.isEmpty {
      try writer.write(found)
      names?.acknowledge()
    }
    return isComplete
  }

  /// Writes the last scan for pins at the end of a recording, which does not wait for events from the time of the scan.
  func writeLast(_ writer: HistoryWriter) throws(HistoryError) {
    guard let scan = pins?.found else { return }
    try writer.write(scan)
    pins?.acknowledge()
  }
}
