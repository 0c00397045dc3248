package import NamespaceModel
internal import SQLite

/// Finds the namespaces that are selected.
struct NamespaceFinder {
  let reading: HistorySnapshot

  /// Those that a process was in, or that something pinned, in a window; in the order in which they
  /// were observed.
  func lives(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    let all = try named(selector, in: window)
    guard !window.isEverything else { return all }
    guard let samples = try reading.index.samples(around: window) else { return [] }
    func hadProcess(_ life: NamespaceLifetime) -> Bool {
      guard let first = life.first else { return false }
      return first <= samples.upperBound && life.last ?? Int64.max >= samples.lowerBound
    }
    let pinned = try reading.pins.everPinned(
      of: all.filter { !hadProcess($0) }.map(\.namespace.id))
    var found: [NamespaceLifetime] = []
    for life in all {
      var isThere = hadProcess(life)
      if !isThere, pinned.contains(life.namespace.id) {
        isThere = try reading.pins.pins(of: life.namespace).contains {
          window.overlaps($0.firstSeen, $0.lastSeen)
        }
      }
      if isThere { found.append(life) }
    }
    return found
  }

  /// Those that are named, whenever anybody was in them; of a process those that it was in in a window.
  func named(
    _ selector: NamespaceSelector, in window: TimeWindow
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    switch selector {
    case .inode(let type, let inode):
      return try reading.namespaces.lives(
        where: "inode = ? AND type = ?",
        [.integer(Int64(bitPattern: inode)), .integer(Int64(type.rawValue))])
    case .kernelID(let type, let id):
      return try reading.namespaces.lives(
        where: "kernel_id = ? AND type = ?",
        [.integer(Int64(bitPattern: id)), .integer(Int64(type.rawValue))])
    case .of(let type, let processes):
      var rows: Set<Int64> = []
      let samples =
        window.isEverything
        ? Int64.min...Int64.max : try reading.index.samples(around: window) ?? 0...0
      try ProcessFinder(reading: reading).forEach(processes, in: window, withThreads: true) {
        (life) throws(SQLiteError) in
        for membership in life.memberships
        where membership.from <= samples.upperBound && membership.until >= samples.lowerBound {
          let links = try reading.sets.links(of: membership.set)
          if let namespace = links[type.link]?.namespace { rows.insert(namespace.id) }
        }
        return true
      }
      return try rows.sorted().map(reading.namespaces.life)
    }
  }
}

/// Which namespaces a question is about.
package indirect enum NamespaceSelector: Sendable, Hashable {
  /// Every one of a type that had this inode number.
  case inode(NamespaceType, UInt64)
  /// The one of a type with this id of the kernel's; of several boots, each.
  case kernelID(NamespaceType, UInt64)
  /// Those of a type that processes were in.
  case of(NamespaceType, ProcessSelector)

  /// The processes that it is selected by; nil where it is selected by itself.
  package var process: ProcessSelector? {
    if case .of(_, let process) = self { process } else { nil }
  }
}
