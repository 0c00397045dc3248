internal import Containers
internal import NamespaceModel
internal import SQLite

/// A container as the history knows it: what the path of a control group names.
package struct ContainerRecord: Sendable, Hashable {
  /// Its row; nil in a file that was recorded before containers had rows.
  let row: Int64?
  /// 64 hexadecimal digits, or a name where that is all there is.
  package let id: String
  /// What runs it, such as `docker`; nil where the path does not say.
  package let engine: String?
  /// The uid of its Kubernetes pod; nil for one that is in none.
  package let pod: String?
  /// What its engine calls it; nil where its files did not say when it was observed.
  package let name: String?
  /// The image that it was made of; nil where that is not known.
  package let image: String?
  /// The name of its Kubernetes pod; nil where that is not known.
  package let podName: String?
  /// The namespace of Kubernetes that its pod is in, which is none of the kernel's.
  package let podNamespace: String?
  /// Whether it only holds its pod together (`pause`).
  package let isSandbox: Bool
  /// The user whose container it is; nil for root.
  package let owner: Int64?
  /// Whether only root's engine can have made its cgroup; nil where that is not known.
  package let isVerified: Bool?

  /// Whether only its id is known, though engines like its own write names into files: these were not where
  /// such files usually are, nor where the engine's running processes say.
  package var isNameMissing: Bool {
    guard name == nil, row != nil, isVerified != false else { return false }
    return switch engine.map(Engine.init(rawValue:)) {
    case .lxc??, .nspawn??, .machine??, .buildkit??: false
    default: true
    }
  }

  /// Whether nothing but the name of a cgroup, that others than root can give, says that it is a container.
  package var isUnverified: Bool { isVerified == false && name == nil }
}

extension ContainerRecord {
  /// The innermost container that the text of a `/proc/PID/cgroup` names; nil where it names none. What
  /// its engine calls it does not stand there.
  package init?(cgroup text: [UInt8]) {
    guard let innermost = CgroupPlace(text).containers.last else { return nil }
    self.init(
      row: nil, id: SystemText.sanitized(innermost.id), engine: innermost.engine?.rawValue,
      pod: innermost.pod.map(SystemText.sanitized), name: nil, image: nil, podName: nil,
      podNamespace: nil, isSandbox: false, owner: innermost.user.map(Int64.init), isVerified: nil)
  }
}

/// Finds the containers that are meant by an id or a name, and what is inside them.
struct ContainerFinder {
  let connection: Connection

  /// An id is given by its first digits: so many at least.
  static let fewestDigits = 4

  /// The rows of the containers that have an id; where none has it, of those that have it as their
  /// name; and where none has that, of those whose id begins with it. With each, those inside it.
  func rows(_ text: String) throws(SQLiteError) -> Set<Int64> {
    let exact = try rows(where: "id = ?1", [.text(SystemText.sanitized(text))])
    if !exact.isEmpty { return exact }
    let named = try named(text)
    if !named.isEmpty || text.utf8.count < Self.fewestDigits { return named }
    // A name that is an id has letters of both cases, digits only small ones.
    return try rows(
      where: "(id >= ?1 AND id < ?1 || ?3) OR (id >= ?2 AND id < ?2 || ?3)",
      [.text(text), .text(text.lowercased()), .text("\u{10FFFF}")])
  }

  /// Those called `NAME`, `POD/NAME` or `NAMESPACE/POD/NAME`.
  private func named(_ text: String) throws(SQLiteError) -> Set<Int64> {
    let text = SystemText.sanitized(text)
    let whole = try rows(where: "name = ?1", [.text(text)])
    guard whole.isEmpty, let name = text.split(separator: "/").last else { return whole }
    return try rows(
      where: """
        name = ?1 AND (pod_name || '/' || name = ?2
          OR pod_namespace || '/' || pod_name || '/' || name = ?2)
        """, [.text(String(name)), .text(text)])
  }

  private func rows(
    where condition: String, _ values: [Value]
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try connection.prepare(
        """
        WITH RECURSIVE meant (row) AS (
          SELECT container_id FROM container WHERE \(condition)
          UNION SELECT container_id FROM meant CROSS JOIN container ON outer_id = row)
        SELECT row FROM meant
        """
      ).bind(values).map { $0.integer(0) })
  }

  /// The control groups of those containers.
  func cgroups(_ text: String) throws(SQLiteError) -> [Int64] {
    try connection.prepare(
      """
      SELECT cgroup_id FROM json_each(?) CROSS JOIN cgroup ON container_id = value
      """
    ).bind(.list(try rows(text).sorted())).map { $0.integer(0) }
  }
}

extension ContainerRecord {
  /// The columns that it is read from, behind `cgroup` and `joins`.
  static let columns = """
    cgroup.container_id, container.id, engine, pod, container.name, image, pod_name, pod_namespace,
    sandbox, unit, container.owner_uid, container.verified
    """
  static let joins = "LEFT JOIN container ON container.container_id = cgroup.container_id"

  /// The unit of systemd of a row whose `columns` begin at one; nil where it is in none.
  static func unit(_ row: Statement, from first: Int32) -> String? {
    row.optionalText(first + 9).map(SystemText.sanitized)
  }

  /// The container of a row whose `columns` begin at one; nil for a process that is in none.
  init?(_ row: Statement, from first: Int32) {
    guard let number = row.optionalInteger(first) else { return nil }
    // A row that is missing names nobody.
    guard let id = row.optionalText(first + 1) else { return nil }
    func text(_ column: Int32) -> String? {
      row.optionalText(first + column).map(SystemText.sanitized)
    }
    self.init(
      row: number, id: SystemText.sanitized(id), engine: text(2), pod: text(3), name: text(4),
      image: text(5), podName: text(6), podNamespace: text(7),
      isSandbox: row.integer(first + 8) == 1, owner: row.optionalInteger(first + 10),
      isVerified: row.optionalInteger(first + 11).map { $0 == 1 })
  }
}

/// The namespaces that are a container's own: who is in one of them, and whose own cgroup is not the container's,
/// came into it from outside (nsenter(1), a debugger, a runtime).
///
/// At one moment a namespace is a container's own if processes of no other container are in it. Over a
/// range of time it is that of the container whose processes were the first in it: those of another one may
/// have come later.
///
/// A user namespace says nothing: every container of one user without root may have the same. The
/// containers of a pod share theirs, and count as one.
struct OwnNamespaces {
  private var owners: [Int64: [String: ContainerRecord]] = [:]

  /// What containers count as one: a pod, or a container with those inside it.
  static func group(of description: RecordedDescription) -> String? {
    guard let container = description.container else { return nil }
    return container.pod ?? description.containers.first ?? container.id
  }

  /// A process with this description was in namespaces. Only one whose own cgroup was read says of which
  /// container they are.
  mutating func add(_ namespaces: [NamespaceRecord], _ description: RecordedDescription) {
    guard !description.hasInheritedCgroup, let container = description.container,
      let group = Self.group(of: description)
    else { return }
    for namespace in namespaces where ContainerRule.counts(namespace) {
      owners[namespace.id, default: [:]][group] = container
    }
  }

  /// The containers that a process with this description came into from outside: those whose own namespaces it
  /// was in, while its cgroup, which was read, is of none of them.
  func entered(
    _ namespaces: [NamespaceRecord], _ description: RecordedDescription
  ) -> [ContainerRecord] {
    // Nearly all processes are in nobody's: of them the text of the cgroup is not read.
    let containers = namespaces.compactMap { owners[$0.id] }.filter { $0.count == 1 }
    guard !containers.isEmpty, !description.hasInheritedCgroup else { return [] }
    var groups = Set([Self.group(of: description)].compactMap(\.self))
    return containers.compactMap(\.first).filter { groups.insert($0.key).inserted }.map(\.value)
  }
}

extension OwnNamespaces {
  /// What the containers of processes count as, by the cgroups that were read of them while they were what
  /// a question means.
  static func groups(of lives: [TaskHistory]) -> Set<String> {
    Set(
      lives.flatMap { life in
        life.limits?.map(\.description) ?? life.process.descriptionSpans.map(\.description)
      }.filter { !$0.hasInheritedCgroup }.compactMap(group))
  }

  /// The namespaces of processes that are their container's own, over all that is recorded.
  static func own(of lives: [TaskHistory], _ reading: HistorySnapshot) throws(SQLiteError) -> Set<
    Int64
  > {
    let groups = groups(of: lives)
    var known: [NamespaceRecord: Bool] = [:]
    for set in Set(lives.flatMap { $0.memberships.map(\.set) }) {
      let links = try reading.sets.links(of: set)
      for type in NamespaceType.allCases {
        guard let namespace = links[type.link]?.namespace, known[namespace] == nil else { continue }
        known[namespace] = try isOwn(namespace, groups, reading)
      }
    }
    return Set(known.filter(\.value).map(\.key.id))
  }

  /// Whether a namespace is the own one of containers, over all that is recorded.
  static func isOwn(
    _ namespace: NamespaceRecord, _ groups: Set<String>, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> Bool {
    guard ContainerRule.counts(namespace) else { return false }
    var isOwn = false
    try reading.forEachArrival(in: namespace) { (task, _) throws(SQLiteError) in
      guard let life = try reading.lives.life(task: task) else { return true }
      let own = life.process.descriptionSpans.map(\.description)
        .first { !$0.hasInheritedCgroup && $0.container != nil }
      guard let group = own.flatMap(group) else { return true }
      isOwn = groups.contains(group)
      return false
    }
    return isOwn
  }
}
