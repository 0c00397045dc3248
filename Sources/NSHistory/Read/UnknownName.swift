internal import SQLite

/// A name of processes or of a container that is nowhere in a history.
package struct UnknownName: Sendable, Hashable {
  /// Whether it was to be a container's.
  package let isOfContainer: Bool
  /// The name.
  package let name: String
  /// Those in the history that are nearest to it.
  package let nearest: [String]
  /// The beginnings of the ids of containers of which only these are known: it may be the name of one of
  /// them.
  package let unnamed: [String]
}

struct NameSearch {
  let connection: Connection

  func unknown(_ selector: ProcessSelector) throws(SQLiteError) -> UnknownName? {
    switch selector {
    case .pid, .thread: return nil
    case .latest(let all): return try unknown(all)
    case .comm(let name): return try unknown(comm: name)
    case .container(let text), .inner(_, .container(let text)):
      guard try ContainerFinder(connection: connection).cgroups(text).isEmpty else { return nil }
      let all = try connection.prepare(
        "SELECT DISTINCT COALESCE(name, substr(id, 1, 12)) FROM container LIMIT 10000"
      ).map { SystemText.sanitized($0.text(0)) }
      return UnknownName(
        isOfContainer: true, name: SystemText.sanitized(text),
        nearest: UnknownName.nearest(text, all),
        unnamed: try unnamed())
    case .inner(_, .selected(.of(_, let process))): return try unknown(process)
    case .inner: return nil
    }
  }

  private func unknown(comm name: String) throws(SQLiteError) -> UnknownName? {
    for table in ["task", "past_description", "short_lived_task"] {
      let known = try connection.prepare("SELECT 1 FROM \(table) WHERE comm IN (?, ?) LIMIT 1")
        .bind([.text(name), .text(SystemText.escaped(Array(name.utf8)))]).first { _ in true }
      if known == true { return nil }
    }
    let all = try connection.prepare("SELECT DISTINCT comm FROM task LIMIT 10000")
      .map { SystemText.sanitized($0.text(0)) }
    return UnknownName(
      isOfContainer: false, name: SystemText.sanitized(name),
      nearest: UnknownName.nearest(name, all),
      unnamed: [])
  }

  private func unnamed() throws(SQLiteError) -> [String] {
    try connection.prepare(
      """
      SELECT DISTINCT substr(id, 1, 12) FROM container
      WHERE name IS NULL AND outer_id IS NULL AND COALESCE(verified, 1) = 1
        AND COALESCE(engine, '') NOT IN ('lxc', 'systemd-nspawn', 'machine', 'buildkit')
      ORDER BY container_id DESC LIMIT \(UnknownName.most)
      """
    ).map { SystemText.sanitized($0.text(0)) }
  }
}

extension UnknownName {
  /// How many names are given.
  fileprivate static let most = 3

  /// Of some names the three that are nearest to one, the nearest first.
  package static func nearest(_ name: String, _ all: [String]) -> [String] {
    let mine = Array(name.utf8.prefix(64))
    let ranked = all.map { other in (other, distance(mine, Array(other.utf8.prefix(64)))) }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    return ranked.prefix(most).map(\.0)
  }

  /// How many letters are to be changed, added or left out to make one of the other; less where one begins
  /// with the other.
  private static func distance(_ one: [UInt8], _ two: [UInt8]) -> Int {
    var row = Array(0...two.count)
    for (place, letter) in one.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in two.indices {
        let change = diagonal + (two[column] == letter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(change, row[column] + 1, row[column + 1] + 1)
      }
    }
    let isBeginning = one.starts(with: two) || two.starts(with: one)
    return isBeginning ? min(1, row[two.count]) : row[two.count]
  }
}
