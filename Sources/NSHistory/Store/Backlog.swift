internal import NamespaceModel

/// What samples told that is not in the file yet: usually of one sample, of more when writes fail.
struct Backlog {
  private(set) var appeared: [ProcessToken: ProcessSample.Appearance] = [:]
  private(set) var changed: [ProcessToken: [LinkState]] = [:]
  private(set) var described: [ProcessToken: ProcessDescription] = [:]
  private(set) var disappeared: Set<ProcessToken> = []
  private(set) var related: [NamespaceRelations] = []

  /// Namespaces that came and went unwritten would fill the memory.
  private static let mostRelated = 65536

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
    if related.count < Self.mostRelated { related += sample.related }
    for news in sample.described {
      if appeared[news.token] != nil {
        appeared[news.token]?.description = news.description
      } else {
        described[news.token] = news.description
      }
    }
  }

  /// Appearances, a parent before its children as far as clock ticks tell.
  var arrivals: [ProcessSample.Appearance] {
    appeared.values.sorted { one, other in
      (one.facts.startTicks ?? 0, one.token.number)
        < (other.facts.startTicks ?? 0, other.token.number)
    }
  }

  /// Forgets all, when all is in the file.
  mutating func clear() { self = Backlog() }
}
