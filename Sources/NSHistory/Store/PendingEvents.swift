internal import NamespaceModel

/// Events that are not in the file yet: usually of a second, of more when writes fail.
struct PendingEvents {
  private(set) var batches: [EventBatch] = []
  private var count = 0

  /// What a storm of some ten seconds brings; more would fill the memory.
  private static let most = 1 << 17

  var isEmpty: Bool { batches.isEmpty }

  /// Returns false when there are too many.
  mutating func add(_ batch: EventBatch) -> Bool {
    guard count + batch.events.count <= Self.most else { return false }
    count += batch.events.count
    batches.append(batch)
    return true
  }

  /// Takes all out.
  mutating func take() -> [EventBatch] {
    defer { self = PendingEvents() }
    return batches
  }
}
