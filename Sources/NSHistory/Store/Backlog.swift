internal import NamespaceModel

/// What samples told that is not in the file yet: usually of one sample, of more when writes fail.
struct Backlog {
  private(set) var appeared: [ProcessToken: ProcessSample.Appearance] = [:]
  private(set) var changed: [ProcessToken: [LinkState]] = [:]
  private(set) var described: [ProcessToken: ProcessDescription] = [:]
  private(set) var disappeared: Set<ProcessToken> = []

  /// Adds the news of the next sample: what came and went unwritten leaves no trace.
  mutating func add(_ sample: ProcessSample) {
    for token in sample.disappeared {
      if appeared.removeValue(forKey: token) == nil { disappeared.insert(token) }
      changed[token] = nil
      described[token] = nil
    }
    for appearance in sample.appeared { appeared[appearance.token] = appearance }
    for change in sample.changed {
      if appeared[change.token] != nil {
        appeared[change.token]?.links = change.links
      } else {
        changed[change.token] = change.links
      }
    }
    for news in sample.described {
      if appeared[news.token] != nil {
        appeared[news.token]?.description = news.description
      } else {
        described[news.token] = news.description
      }
    }
  }

  /// Appearances in the order of their tokens.
  var arrivals: [ProcessSample.Appearance] {
    appeared.values.sorted { $0.token.number < $1.token.number }
  }

  /// Forgets all, when all is in the file.
  mutating func clear() { self = Backlog() }
}
