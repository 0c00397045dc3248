internal import NamespaceModel

/// Shares one array among all processes of a pass that have the same links or the same text. Most
/// processes have the same values as others, and a first pass reports all processes at once.
struct SharedValues {
  private var states: [Codes: [LinkState]] = [:]
  private var texts: Set<[UInt8]> = []

  /// The ten codes of a process; see `ProcessEntry`.
  private struct Codes: Hashable {
    let codes: InlineArray<10, UInt32>

    static func == (one: Codes, other: Codes) -> Bool {
      one.codes.indices.allSatisfy { one.codes[$0] == other.codes[$0] }
    }

    func hash(into hasher: inout Hasher) {
      for index in codes.indices { hasher.combine(codes[index]) }
    }
  }

  /// Returns the result of `make`, which is called once for each set of codes.
  mutating func states(
    _ codes: InlineArray<10, UInt32>, _ make: () -> [LinkState]
  ) -> [LinkState] {
    let key = Codes(codes: codes)
    if let known = states[key] { return known }
    let made = make()
    states[key] = made
    return made
  }

  /// Returns an equal description whose texts are shared.
  mutating func description(_ new: ProcessDescription) -> ProcessDescription {
    ProcessDescription(comm: text(new.comm), uid: new.uid, cgroup: text(new.cgroup))
  }

  private mutating func text(_ new: [UInt8]?) -> [UInt8]? {
    new.map { texts.insert($0).memberAfterInsert }
  }
}
