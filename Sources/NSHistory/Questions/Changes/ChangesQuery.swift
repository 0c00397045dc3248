// The timeline of namespaces: what began and what ended, merged into one order of samples. Each of
// the streams comes by an index that leaves out all that nothing is to be reported, unless the
// question is about everything of some processes or namespaces.

package import NamespaceModel
internal import SQLite

/// Merges what began and what ended.
struct ChangesQuery {
  private let reading: HistorySnapshot
  private let begun: ChangeStream
  private let exited: ChangeStream
  private let ended: ChangeStream?
  private let pins: ChangeStream?
  private let teller: ChangeTeller

  /// Nil when no sample is in the time asked for.
  init?(_ reading: HistorySnapshot, _ question: ChangesQuestion) throws(SQLiteError) {
    self.reading = reading
    guard let samples = try reading.index.samples(around: question.window) else { return nil }
    let scope = try ChangeScope(reading, question, samples)
    begun = try .begun(reading, scope, samples)
    exited = try .exited(reading, scope, samples)
    ended = scope.isOfProcesses ? nil : try .ended(reading, scope, samples)
    pins = scope.isOfProcesses ? nil : try .pins(reading, scope, question.window)
    teller = ChangeTeller(reading: reading, question: question, scope: scope)
  }

  func forEach(_ body: (NamespaceChange) -> Bool) throws(SQLiteError) {
    // At one sample: who exited, who came, and what ended by that; then what scans behind it found.
    let streams = [exited, begun, ended, pins].compactMap(\.self)
    defer { for stream in streams { stream.close() } }
    while true {
      var next: ChangeStream?
      for stream in streams {
        guard let sample = stream.sample else { continue }
        if next?.sample.map({ sample < $0 }) ?? true { next = stream }
      }
      guard let next, let event = next.event else { return }
      if let change = try teller.change(event), !body(change) { return }
      try next.advance()
    }
  }
}

/// "Who entered, left or made a namespace?"
package struct ChangesQuestion: Sendable {
  /// When.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]
  /// Only of these processes, with all their starts and exits.
  package var process: ProcessSelector?
  /// Only of these namespaces, with everyone who came or left.
  package var namespace: NamespaceSelector?
  /// Only of this container, by name or the beginning of its id: of its processes, and of everyone who
  /// came into its own namespaces or left them.
  package var container: String?

  /// A question with these values; by default, about everything.
  package init(
    in window: TimeWindow = TimeWindow(), types: [NamespaceType] = NamespaceType.allCases,
    process: ProcessSelector? = nil, namespace: NamespaceSelector? = nil,
    container: String? = nil
  ) {
    self.window = window
    self.types = types
    self.process = process
    self.namespace = namespace
    self.container = container
  }
}
