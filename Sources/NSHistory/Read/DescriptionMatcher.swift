internal import Containers
internal import SQLite

/// Tells whether a description is one of those that a name or a container selects.
///
/// A name or a container stands for the time in which a process had it, in every question: a worker that
/// was called `nginx` until ten is `comm:nginx` until ten, and a process that was moved to another
/// container belongs to the one before and to the other after.
struct DescriptionMatcher {
  private let names: Set<String>
  private let containers: Set<Int64>
  /// The beginning of an id, for a file of before containers had rows.
  private let id: String

  /// Whether it is about containers.
  let isOfContainers: Bool

  /// Nil for a selector that is about something else than a description.
  init?(_ selector: ProcessSelector, in connection: Connection) throws(SQLiteError) {
    switch selector {
    case .comm(let name):
      names = [name, SystemText.escaped(Array(name.utf8))]
      containers = []
      id = ""
      isOfContainers = false
    case .container(let text):
      names = []
      containers = try ContainerFinder(connection: connection).rows(text)
      id = text.lowercased()
      isOfContainers = true
    case .latest(let all):
      guard let matcher = try DescriptionMatcher(all, in: connection) else { return nil }
      self = matcher
    case .pid, .thread, .inner: return nil
    }
  }

  func matches(_ description: RecordedDescription) -> Bool {
    guard isOfContainers else { return description.comm.map(names.contains) ?? false }
    guard let container = description.container else { return false }
    return container.row.map(containers.contains)
      ?? description.containers.contains { $0.hasPrefix(id) }
  }

  /// Whether it is one of the containers that are selected.
  func matches(_ container: ContainerRecord) -> Bool {
    isOfContainers && (container.row.map(containers.contains) ?? container.id.hasPrefix(id))
  }
}

extension DescriptionMatcher {
  /// The life as far as the process was what is meant. Where it is not known when that began or ended,
  /// only the time counts in which it is certain; `TaskHistory.limits` says where it may have been.
  func limited(_ life: TaskHistory) -> TaskHistory {
    if life.process.past.isEmpty, !isOfContainers || matches(life.process.description) {
      return life
    }
    return life.limited(to: life.process.spans(matches))
  }
}

extension [ProcessRecord.DescriptionSpan] {
  /// Whether a process was what is meant in a piece of time.
  enum Standing {
    case meant, other, inDoubt
  }

  /// Whether it may have been at some time behind a sample or event and before another.
  func mayHold(behind low: Int64, before high: Int64) -> Bool {
    contains { $0.possibleFrom < high && $0.possibleUntil > low }
  }

  /// Whether it was throughout a sample window. What one sample alone read held at a moment of it.
  func standing(in sampleWindow: SampleWindow) -> Standing {
    let low = sampleWindow.before?.id ?? Int64.min
    let high = sampleWindow.after?.id ?? Int64.max
    let isPass = low == high && sampleWindow.after?.isEvent == false
    let isMeant = contains { span in
      let begins =
        span.certain.lowerBound < low
        || (span.certain.lowerBound == low && (!isPass || span.beginsExactly))
      let ends =
        span.certain.upperBound > high || (span.certain.upperBound == high && !isPass)
        || (span.endsExactly && span.possibleUntil >= high)
      return begins && ends
    }
    if isMeant { return .meant }
    let mayBe =
      low == high
      ? contains { $0.possibleFrom <= low && $0.possibleUntil > low }
      : mayHold(behind: low, before: high)
    return mayBe ? .inDoubt : .other
  }
}
