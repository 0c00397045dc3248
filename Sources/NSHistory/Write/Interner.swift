internal import Containers
internal import NamespaceModel
internal import SQLite

/// Maps namespaces, namespace sets and cgroups to their rows: one row each, however often they are
/// observed.
///
/// The caches are emptied after a failed transaction, whose rows do not exist, and when they grow
/// large. No information is lost then, because every row can be found again by its content.
final class Interner {
  private let connection: Connection
  private let boot: Int64
  private let session: Int64
  private var namespaces: [ObservedNamespace: Int64] = [:]
  private var sets: [String: InternedSet] = [:]
  /// Each entry retains its object, so that no other object gets the same `ObjectIdentifier`.
  private var observedSets: [ObjectIdentifier: (object: ObservedSet, set: InternedSet)] = [:]
  // Keyed by bytes, because two different paths can be equal as Swift strings.
  private var cgroups: [[UInt8]: Int64] = [:]
  /// The namespaces that were observed before their kernel id was known, each with its value that has
  /// the id. Buffered changes may still refer to the value without the id.
  private var renamed: [ObservedNamespace: ObservedNamespace] = [:]
  /// The sequence number of the sample or event that is being written.
  private var sample: SequenceNumber = .zero
  /// The rows of the namespaces that the current sample or event is the first to report, except initial
  /// ones.
  private(set) var created: Set<Int64> = []
  /// Writes the rows of the containers that cgroups name.
  let containers: ContainerWriter
  /// Writes the rows of programs and logins.
  let programs: ProgramWriter
  private static let limit = 16384

  init(
    _ connection: Connection, boot: Int64, session: Int64,
    folders: CgroupFolders = CgroupFolders(mountinfo: [])
  ) {
    self.connection = connection
    self.boot = boot
    self.session = session
    containers = ContainerWriter(connection, folders)
    programs = ProgramWriter(connection)
  }

  /// Sets the sequence number of the sample or event whose namespaces are interned next.
  func begin(_ sample: SequenceNumber) {
    self.sample = sample
    programs.begin(sample)
    if !created.isEmpty { created.removeAll() }
  }

  /// Empties the caches: after a rollback their rows may not exist.
  func clearCaches() {
    namespaces.removeAll()
    sets.removeAll()
    observedSets.removeAll()
    cgroups.removeAll()
    programs.clearCaches()
  }

  /// Writes the kernel's id of a namespace that was written without it: into its row, or, if another
  /// row has that id already, by merging the two rows.
  func rename(
    _ renaming: ProcessSample.Renaming, in live: inout LiveProcesses
  ) throws(SQLiteError) {
    renamed[renaming.from] = renaming.to
    let known = namespaces.removeValue(forKey: renaming.from)
    let found = try known == nil ? find(renaming.from) : nil
    guard let id = renaming.to.kernelID, let row = known ?? found else { return }
    if let target = try find(renaming.to) {
      guard target != row else { return }
      let sets = try NamespaceMerger(connection: connection).merge(row, into: target)
      live.rename(sets)
      // The caches refer to the deleted row, and to the sets that contained it.
      clearCaches()
      return
    }
    try connection.prepare(
      """
      UPDATE namespace SET kernel_id = ?2, session_id = NULL, inode_generation = NULL,
        initial = COALESCE(?3, initial)
      WHERE namespace_id = ?1
      """
    ).bind(
      .integer(row), .integer(Int64(bitPattern: id)),
      .optional(renaming.to.isInitial.map { $0 ? 1 : 0 })
    ).run()
    namespaces[renaming.to] = row
  }

  /// Clears `renamed`, once no buffered change refers to a namespace without its kernel id.
  func clearRenamed() { if !renamed.isEmpty { renamed.removeAll() } }

  /// Empties the caches if they are large, so that memory stays bounded on a machine that creates
  /// namespaces all the time.
  func trim() {
    let count = namespaces.count + sets.count + observedSets.count + cgroups.count
    if count > Self.limit { clearCaches() }
    programs.trim()
  }

  /// Returns the row of a namespace set; inserts it if there is none.
  func set(_ links: [LinkState]) throws(SQLiteError) -> InternedSet {
    var parts: [Int64] = []
    for link in links {
      switch link {
      case .namespace(let namespace): parts.append(try self.namespace(namespace))
      case .unread(let reason): parts.append(-Int64(reason.rawValue))
      }
    }
    let key = InternedSet.key(parts)
    if let known = sets[key] { return known }
    let found = try connection.prepare("SELECT set_id FROM namespace_set WHERE links = ?")
      .bind(.text(key)).first { $0.set(0) }
    let id = if let found { found } else { try insertSet(key, parts) }
    let set = InternedSet(id: id, parts: parts)
    sets[key] = set
    return set
  }

  /// Returns the row of a namespace set that many processes share; inserts it if there is none.
  func set(_ observed: ObservedSet) throws(SQLiteError) -> InternedSet {
    if let known = observedSets[ObjectIdentifier(observed)] { return known.set }
    let set = try set(observed.links)
    observedSets[ObjectIdentifier(observed)] = (observed, set)
    return set
  }

  /// Returns the row of the set of a task of which nothing is known; inserts it if there is none.
  func unseenSet() throws(SQLiteError) -> InternedSet {
    try set(NamespaceLink.allCases.map { _ in .unread(.unseen) })
  }

  /// The namespace set of a row; nil when there is none.
  func set(_ id: NamespaceSetID) throws(SQLiteError) -> InternedSet? {
    let parts = try InternedSet.parts(of: id, in: connection)
    return parts.count == NamespaceLink.count ? InternedSet(id: id, parts: parts) : nil
  }

  private func insertSet(_ key: String, _ parts: [Int64]) throws(SQLiteError) -> NamespaceSetID {
    try connection.prepare("INSERT INTO namespace_set (links) VALUES (?)").bind(.text(key)).run()
    let set = NamespaceSetID(rawValue: connection.lastInsertedRowID)
    let insert = try connection.prepare(
      "INSERT INTO namespace_set_link (set_id, link, namespace_id, unread) VALUES (?, ?, ?, ?)")
    for (link, part) in parts.enumerated() {
      try insert.bind(
        .number(set), .integer(Int64(link)), part > 0 ? .integer(part) : .null,
        part > 0 ? .null : .integer(-part)
      ).run()
    }
    return set
  }

  /// Returns the row of a namespace; nil if there is none.
  func known(_ namespace: ObservedNamespace) throws(SQLiteError) -> Int64? {
    let namespace = renamed[namespace] ?? namespace
    if let known = namespaces[namespace] { return known }
    return try find(namespace)
  }

  /// Returns the row of a namespace; inserts it if there is none.
  func namespace(_ namespace: ObservedNamespace) throws(SQLiteError) -> Int64 {
    let namespace = renamed.isEmpty ? namespace : renamed[namespace] ?? namespace
    if let known = namespaces[namespace] { return known }
    let found = try find(namespace)
    let row: Int64
    if let found {
      row = found
      // An earlier session may not have known whether the namespace is an initial one.
      if let isInitial = namespace.isInitial {
        try connection.prepare(
          "UPDATE namespace SET initial = ? WHERE namespace_id = ? AND initial IS NULL"
        ).bind(.integer(isInitial ? 1 : 0), .integer(row)).run()
      }
    } else {
      row = try insert(namespace)
    }
    namespaces[namespace] = row
    return row
  }

  /// Finds the row of a namespace.
  ///
  /// A kernel id, or a fixed inode number, identifies a namespace in every session of a boot. Without
  /// one, only rows of this session match: the namespace that an earlier session observed may have been
  /// destroyed since. Each query finds one row of an index, because the kernel reuses inode numbers and
  /// many rows may have the same one.
  private func find(_ namespace: ObservedNamespace) throws(SQLiteError) -> Int64? {
    let type = Value.integer(Int64(namespace.type.rawValue))
    if InitialNamespace.hasFixedInode(namespace.inode) {
      return try connection.prepare(
        "SELECT namespace_id FROM namespace WHERE boot_id = ? AND type = ? AND inode = ?"
      ).bind(.integer(boot), type, Self.inode(namespace)).first { $0.integer(0) }
    }
    if let id = namespace.kernelID {
      return try connection.prepare(
        """
        SELECT namespace_id FROM namespace INDEXED BY namespace_kernel_id
        WHERE kernel_id = ? AND type = ? AND boot_id = ? AND inode = ?
        """
      ).bind(
        .integer(Int64(bitPattern: id)), type, .integer(boot), Self.inode(namespace)
      ).first { $0.integer(0) }
    }
    return try connection.prepare(
      """
      SELECT namespace_id FROM namespace INDEXED BY namespace_generation
      WHERE session_id = ? AND inode_generation = ? AND type = ? AND boot_id = ? AND inode = ?
      """
    ).bind(
      .integer(session), .integer(Int64(bitPattern: namespace.inodeGeneration)), type,
      .integer(boot),
      Self.inode(namespace)
    ).first { $0.integer(0) }
  }

  private func insert(_ namespace: ObservedNamespace) throws(SQLiteError) -> Int64 {
    let hasID = namespace.kernelID != nil
    try connection.prepare(
      """
      INSERT INTO namespace (boot_id, type, inode, kernel_id, session_id, inode_generation, initial,
        first_seq, last_seq)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
      """
    ).bind(
      .integer(boot), .integer(Int64(namespace.type.rawValue)), Self.inode(namespace),
      .optional(namespace.kernelID.map(Int64.init(bitPattern:))),
      hasID ? .null : .integer(session),
      hasID ? .null : .integer(Int64(bitPattern: namespace.inodeGeneration)),
      .optional(namespace.isInitial.map { $0 ? 1 : 0 }), .number(sample)
    ).run()
    let row = connection.lastInsertedRowID
    if namespace.isInitial != true { created.insert(row) }
    return row
  }

  private static func inode(_ namespace: ObservedNamespace) -> Value {
    .integer(Int64(bitPattern: namespace.inode))
  }

  /// Returns the row of a text of `/proc/PID/cgroup`, and inserts it if there is none; nil if the text
  /// could not be read.
  func cgroup(_ text: [UInt8]?) throws(SQLiteError) -> Int64? {
    guard let text else { return nil }
    if let known = cgroups[text] { return known }
    let path = SystemText.escaped(text)
    let found = try connection.prepare("SELECT cgroup_id FROM cgroup WHERE path = ?")
      .bind(.text(path)).first { $0.integer(0) }
    let row: Int64
    if let found {
      row = found
    } else {
      let membership = CgroupMembership(text)
      try connection.prepare("INSERT INTO cgroup (path, container_id, unit) VALUES (?, ?, ?)")
        .bind(
          .text(path), .optional(try containers.row(of: membership, text)),
          .optional(membership.unit.map(SystemText.sanitized))
        ).run()
      row = connection.lastInsertedRowID
    }
    cgroups[text] = row
    return row
  }
}

/// A namespace set and its row, which identifies the set.
struct InternedSet: Hashable {
  let id: NamespaceSetID
  /// The parts in the order of `NamespaceLink`: the row of a namespace, or the negated code of the
  /// reason why the link is unread.
  let parts: [Int64]

  /// Returns the text by which the file finds a set (`namespace_set.links`).
  static func key(_ parts: [Int64]) -> String {
    parts.map(String.init).joined(separator: " ")
  }

  /// Returns the parts of a set that is in the file.
  static func parts(
    of set: NamespaceSetID, in connection: Connection
  ) throws(SQLiteError) -> [Int64] {
    try connection.prepare(
      "SELECT COALESCE(namespace_id, -unread) FROM namespace_set_link WHERE set_id = ? ORDER BY link"
    ).bind(.number(set)).map { $0.integer(0) }
  }

  subscript(link: NamespaceLink) -> Int64 { parts[Int(link.rawValue)] }

  static func == (one: InternedSet, other: InternedSet) -> Bool { one.id == other.id }
  func hash(into hasher: inout Hasher) { hasher.combine(id) }

  /// The rows of the namespaces that a process with this set is in, without those for its children.
  var own: [Int64] { NamespaceType.allCases.map { self[$0.link] }.filter { $0 > 0 } }

  /// Whether a process with this set is a zombie: its main thread has exited.
  var isZombie: Bool { parts.contains(-Int64(UnreadReason.zombie.rawValue)) }

  /// Whether a process that was in `before` and is in this set may have changed a namespace. A link
  /// that is unread now proves nothing. A link that was unread before may have led to any namespace.
  func isMove(from before: InternedSet) -> Bool {
    NamespaceLink.allCases.contains { link in
      self[link] != before[link] && Self.isNamespace(self[link])
    }
  }

  /// Whether, for at least one type, a new process in this set is in another namespace than its parent's children go
  /// to.
  ///
  /// - Parameter parents: the sets in which the parent may have been. The namespace must differ from the namespace for
  ///   children of each.
  func isElsewhere(thanChildrenOf parents: [InternedSet]) -> Bool {
    NamespaceType.allCases.contains { type in
      let part = self[type.link]
      return part > 0
        && parents.allSatisfy { parent in
          let there = parent[type.linkForChildren]
          return there > 0 && there != part
        }
    }
  }

  /// Whether the pid or time namespace for children differs from the one that the process is in. Both
  /// are the same in a process that has just started.
  var sendsChildrenElsewhere: Bool {
    [NamespaceType.pid, .time].contains { type in
      self[type.linkForChildren] > 0 && self[type.link] > 0
        && self[type.linkForChildren] != self[type.link]
    }
  }

  /// Whether a link leads to a known namespace, or to one that the kernel creates with the first child.
  func isNamespace(_ link: NamespaceLink) -> Bool { Self.isNamespace(self[link]) }

  /// Whether a part is the row of a namespace, or stands for one that the kernel creates with the first
  /// child.
  private static func isNamespace(_ part: Int64) -> Bool {
    part > 0 || part == -Int64(UnreadReason.pending.rawValue)
  }
}
