internal import Containers
internal import SQLite

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
