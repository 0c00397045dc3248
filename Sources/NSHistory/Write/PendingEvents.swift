internal import NamespaceModel

/// Events that are not in the file yet: usually of a second, of more when writes fail.
struct PendingEvents {
  private(set) var batches: [EventBatch] = []
  private(set) var count = 0

  /// What a storm of some ten seconds brings; more would fill the memory.
  private static let most = 1 << 17

  var isEmpty: Bool { batches.isEmpty }

  /// Returns false when there are too many.
  mutating func add(_ batch: EventBatch) -> Bool {
    guard count + batch.events.count <= Self.most else { return false }
    append(batch)
    return true
  }

  /// Takes all out.
  mutating func take() -> [EventBatch] {
    defer { self = PendingEvents() }
    return batches
  }

  /// The first events, `most` of them or fewer. The descriptions of a batch are with its last events.
  func portion(of most: Int) -> PendingEvents {
    var portion = PendingEvents()
    for batch in batches {
      let room = most - portion.count
      guard batch.events.count > room else {
        portion.append(batch)
        continue
      }
      guard room > 0 else { break }
      var first = EventBatch(epoch: batch.epoch)
      first.events = Array(batch.events.prefix(room))
      portion.append(first)
      break
    }
    return portion
  }

  /// Removes a portion that was written.
  mutating func remove(_ portion: PendingEvents) {
    count -= portion.count
    guard let last = portion.batches.last else { return }
    let index = portion.batches.count - 1
    let rest = batches[index].events.count - last.events.count
    batches.removeFirst(rest > 0 ? index : index + 1)
    if rest > 0 { batches[0].events.removeFirst(last.events.count) }
  }

  private mutating func append(_ batch: EventBatch) {
    count += batch.events.count
    batches.append(batch)
  }
}
