internal import Glibc
internal import NSHistory
internal import Synchronization

/// Names of users, as this machine has them now: the history keeps numbers.
enum UserName {
  // Each look reads the table of users anew.
  private static let known = Mutex<[Int64: String]>([:])

  /// For people: the name, or `uid 100000` where there is none.
  static func words(_ uid: Int64) -> String {
    let name = of(uid)
    return name == String(uid) ? "uid \(uid)" : name
  }

  /// The name of a user (getpwuid(3)), or the number where it has none.
  static func of(_ uid: Int64) -> String {
    known.withLock { known in
      if let name = known[uid] { return name }
      let name = look(uid)
      known[uid] = name
      return name
    }
  }

  private static func look(_ uid: Int64) -> String {
    guard let number = uid_t(exactly: uid), let entry = getpwuid(number),
      let name = entry.pointee.pw_name
    else { return String(uid) }
    return SystemText.escaped(Array(String(cString: name).utf8))
  }
}
