internal import Glibc
internal import NSHistory
internal import Synchronization

/// Maps user ids to the user names of this machine as they are now. The history stores only ids.
enum UserName {
  // Caches the names, because each getpwuid(3) reads the user database again.
  private static let known = Mutex<[Int64: String]>([:])

  /// Returns the text for a person: the name, or `uid 100000` if the user has none.
  static func text(_ uid: Int64) -> String {
    let name = of(uid)
    return name == String(uid) ? "uid \(uid)" : name
  }

  /// Returns the name of a user (getpwuid(3)), or the id in digits if the user has none.
  static func of(_ uid: Int64) -> String {
    known.withLock { known in
      if let name = known[uid] { return name }
      let name = entryName(uid)
      known[uid] = name
      return name
    }
  }

  private static func entryName(_ uid: Int64) -> String {
    guard let number = uid_t(exactly: uid), let entry = getpwuid(number),
      let name = entry.pointee.pw_name
    else { return String(uid) }
    return SystemText.escaped(Array(String(cString: name).utf8))
  }
}
