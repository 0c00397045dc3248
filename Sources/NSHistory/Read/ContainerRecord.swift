internal import Containers
internal import NamespaceModel
internal import SQLite

/// A container as the history records it: the path of a control group names it.
///
/// Every process of an answer refers to one. As an object it is copied by its address, not value by value.
package final class ContainerRecord: Sendable {
  /// The row id of the container; nil for a record that was made from the text of a cgroup, without a row.
  let row: Int64?
  /// The id: 64 hexadecimal digits, or a name if the path holds only a name.
  package let id: String
  /// The container engine, such as `docker`; nil if the path does not name one.
  package let engine: String?
  /// The uid of its Kubernetes pod; nil for a container that is in no pod.
  package let pod: String?
  /// The name that the engine gave the container; nil if the engine's files held none when the container was
  /// observed.
  package let name: String?
  /// The image from which the container was created; nil if that is not known.
  package let image: String?
  /// The name of its Kubernetes pod; nil where that is not known.
  package let podName: String?
  /// The Kubernetes namespace of its pod, which is not a namespace of the kernel.
  package let podNamespace: String?
  /// Whether the container is the sandbox that only holds its pod together (`pause`).
  package let isSandbox: Bool
  /// The uid of the user who owns the container; nil for root.
  package let owner: Int64?
  /// Whether only an engine that runs as root can have created the cgroup; nil if that is not known.
  package let isVerified: Bool?

  private init(
    row: Int64?, id: String, engine: String?, pod: String?, name: String?, image: String?,
    podName: String?, podNamespace: String?, isSandbox: Bool, owner: Int64?, isVerified: Bool?
  ) {
    self.row = row
    self.id = id
    self.engine = engine
    self.pod = pod
    self.name = name
    self.image = image
    self.podName = podName
    self.podNamespace = podNamespace
    self.isSandbox = isSandbox
    self.owner = owner
    self.isVerified = isVerified
  }

  /// Whether only the id of the container is known although its engine stores names in files. The recorder
  /// found these files neither in their usual folder nor where the engine's running processes indicate.
  package var isNameMissing: Bool {
    guard name == nil, row != nil, isVerified != false else { return false }
    return switch engine.map(Engine.init(rawValue:)) {
    case .lxc??, .nspawn??, .machine??, .buildkit??: false
    default: true
    }
  }

  /// Whether the only evidence of a container is the name of a cgroup, which users other than root can choose.
  package var isUnverified: Bool { isVerified == false && name == nil }
}

extension ContainerRecord: Hashable {
  package static func == (one: ContainerRecord, other: ContainerRecord) -> Bool {
    one === other
      || one.row == other.row && one.id == other.id && one.engine == other.engine
        && one.pod == other.pod && one.name == other.name && one.image == other.image
        && one.podName == other.podName && one.podNamespace == other.podNamespace
        && one.isSandbox == other.isSandbox && one.owner == other.owner
        && one.isVerified == other.isVerified
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(row)
    hasher.combine(id)
  }
}

extension ContainerRecord {
  /// Creates a record of the innermost container that the text of a `/proc/PID/cgroup` names; nil if the text
  /// names none. The text does not hold the name that the engine gave the container.
  package convenience init?(cgroup text: [UInt8]) {
    guard let innermost = CgroupMembership(text).containers.last else { return nil }
    self.init(
      row: nil, id: SystemText.sanitized(innermost.id), engine: innermost.engine?.rawValue,
      pod: innermost.pod.map(SystemText.sanitized), name: nil, image: nil, podName: nil,
      podNamespace: nil, isSandbox: false, owner: innermost.user.map(Int64.init), isVerified: nil)
  }
}

/// Finds the containers that an id or a name selects, and the containers inside them.
struct ContainerFinder {
  let connection: Connection

  /// The least number of leading digits by which an id can be given.
  static let fewestDigits = 4

  /// Returns the row ids of the containers with an id. If no container has the id, returns those with that
  /// name; if none has the name, those whose id begins with the text. The containers inside each of these are
  /// included.
  func rows(_ text: String) throws(SQLiteError) -> Set<Int64> {
    let exact = try rows(where: "id = ?1", [.text(SystemText.sanitized(text))])
    if !exact.isEmpty { return exact }
    let named = try named(text)
    if !named.isEmpty || text.utf8.count < Self.fewestDigits { return named }
    // An id that is a name may contain letters of both cases; an id of hexadecimal digits is in lower case.
    return try rows(
      where: "(id >= ?1 AND id < ?1 || ?3) OR (id >= ?2 AND id < ?2 || ?3)",
      [.text(text), .text(text.lowercased()), .text("\u{10FFFF}")])
  }

  /// Returns the row ids of the containers called `NAME`, `POD/NAME` or `NAMESPACE/POD/NAME`.
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

  /// Returns the row ids of the control groups of the containers that an id or a name selects.
  func cgroups(_ text: String) throws(SQLiteError) -> [Int64] {
    try connection.prepare(
      """
      SELECT cgroup_id FROM json_each(?) CROSS JOIN cgroup ON container_id = value
      """
    ).bind(.list(try rows(text).sorted())).map { $0.integer(0) }
  }
}

extension ContainerRecord {
  /// The columns of a container, for a query with the table `cgroup` and `joins`.
  static let columns = """
    cgroup.container_id, container.id, engine, pod, container.name, image, pod_name, pod_namespace,
    sandbox, unit, container.owner_uid, container.verified
    """
  /// The number of these columns.
  static let columnCount: Int32 = 12
  static let joins = "LEFT JOIN container ON container.container_id = cgroup.container_id"

  /// Returns the systemd unit of a row whose `columns` begin at `first`; nil if the cgroup is in none.
  static func unit(_ row: Statement, from first: Int32) -> String? {
    row.optionalText(first + 9).map(SystemText.sanitized)
  }

  /// Creates the container of a row whose `columns` begin at `first`; nil for a process that is in none.
  convenience init?(_ row: Statement, from first: Int32) {
    guard let number = row.optionalInteger(first) else { return nil }
    // If the row of the container is missing, the process counts as being in no container.
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

/// The namespaces that are a container's own. A process in one of them whose own cgroup is not the container's
/// entered from outside, for example by nsenter(1), or as a debugger or a runtime.
///
/// At one moment, a namespace is a container's own if no process of another container is in it. Over a range of
/// time, a namespace belongs to the container whose processes were the first in it: processes of another
/// container may have come later.
///
/// User namespaces do not count, because all containers of one user without root may share one. The containers
/// of a pod share their namespaces, and count as one.
struct OwnNamespaces {
  private var owners: [Int64: [String: ContainerRecord]] = [:]

  /// Returns the group of a description's container: its pod, or the outermost container around it. The
  /// containers of one group count as one.
  static func group(of description: RecordedDescription) -> String? {
    guard let container = description.container else { return nil }
    return container.pod ?? description.containers.first ?? container.id
  }

  /// Adds the namespaces of a process with this description. Only a process whose own cgroup was read shows to
  /// which container its namespaces belong.
  mutating func add(_ namespaces: [NamespaceRecord], _ description: RecordedDescription) {
    guard !description.hasInheritedCgroup, let container = description.container,
      let group = Self.group(of: description)
    else { return }
    for namespace in namespaces where ContainerRule.counts(namespace) {
      owners[namespace.id, default: [:]][group] = container
    }
  }

  /// Returns the containers that a process with this description entered from outside: the process is in their
  /// own namespaces, but its cgroup, which was read, belongs to none of them.
  func entered(
    _ namespaces: [NamespaceRecord], _ description: RecordedDescription
  ) -> [ContainerRecord] {
    // Nearly all processes are in no container's own namespaces. For them the text of the cgroup is not parsed.
    let containers = namespaces.compactMap { owners[$0.id] }.filter { $0.count == 1 }
    guard !containers.isEmpty, !description.hasInheritedCgroup else { return [] }
    var groups = Set([Self.group(of: description)].compactMap(\.self))
    return containers.compactMap(\.first).filter { groups.insert($0.key).inserted }.map(\.value)
  }
}

extension OwnNamespaces {
  /// Returns the groups of the containers of processes, by the cgroups that were read while the processes
  /// matched a question.
  static func groups(of histories: [TaskHistory]) -> Set<String> {
    Set(
      histories.flatMap { history in
        history.limits?.map(\.description) ?? history.process.descriptionSpans.map(\.description)
      }.filter { !$0.hasInheritedCgroup }.compactMap(group))
  }

  /// Returns the row ids of those namespaces of processes that are a container's own, over the whole history.
  static func own(of histories: [TaskHistory], _ reading: HistorySnapshot) throws(SQLiteError)
    -> Set<
      Int64
    >
  {
    let groups = groups(of: histories)
    var known: [NamespaceRecord: Bool] = [:]
    for set in Set(histories.flatMap { $0.memberships.map(\.set) }) {
      let links = try reading.sets.links(of: set)
      for type in NamespaceType.allCases {
        guard let namespace = links[type.link]?.namespace, known[namespace] == nil else { continue }
        known[namespace] = try isOwn(namespace, groups, reading)
      }
    }
    return Set(known.filter(\.value).map(\.key.id))
  }

  /// Returns whether a namespace belongs to containers of these groups, over the whole history: whether the
  /// first process in it whose cgroup was read and names a container is of one of the groups.
  static func isOwn(
    _ namespace: NamespaceRecord, _ groups: Set<String>, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> Bool {
    guard ContainerRule.counts(namespace) else { return false }
    var isOwn = false
    try reading.forEachArrival(in: namespace) { (task, _) throws(SQLiteError) in
      guard let history = try reading.taskHistories.history(of: task) else { return true }
      let own = history.process.descriptionSpans.map(\.description)
        .first { !$0.hasInheritedCgroup && $0.container != nil }
      guard let group = own.flatMap(group) else { return true }
      isOwn = groups.contains(group)
      return false
    }
    return isOwn
  }
}
