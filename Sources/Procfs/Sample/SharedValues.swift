internal import NamespaceModel

/// Makes all processes of a pass with the same links share one array of link states, and those with the same name,
/// cgroup, executable or command line share one text. This saves memory: most processes have the same values as others,
/// and a first pass reports all processes at once.
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

  /// Returns the link states for the codes of a process; calls `make` only for codes that are new.
  mutating func states(
    _ codes: InlineArray<10, UInt32>, _ make: () -> [LinkState]
  ) -> [LinkState] {
    let key = Codes(codes: codes)
    if let known = states[key] { return known }
    let made = make()
    states[key] = made
    return made
  }

  /// Returns the description of a new process, with texts that are shared.
  ///
  /// Leaves the parent out, since the facts of an appearance have it (`ProcessFacts.parentPID`), as it was when the
  /// process was found. The parent may have exited since: an appearance with two parents would not say which is
  /// recorded. The next pass reads and reports the description of each new process in any case
  /// (`ProcessEntry.descriptionsDue`), so the missing parent costs no read. The descriptions of kernel threads are read
  /// once only.
  mutating func description(of read: ReadDescription) -> ReadDescription {
    let new = read.description
    let program = new.program.map {
      Program(
        executable: text($0.executable), commandLine: text($0.commandLine), truncated: $0.truncated)
    }
    return (
      ProcessDescription(
        comm: text(new.comm), uid: new.uid, cgroup: text(new.cgroup), program: program,
        login: new.login),
      read.argumentStart
    )
  }

  private mutating func text(_ new: [UInt8]?) -> [UInt8]? {
    new.map { texts.insert($0).memberAfterInsert }
  }
}
