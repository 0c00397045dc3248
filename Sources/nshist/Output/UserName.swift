internal import Glibc
internal import NSHistory

/// Names of users, as this machine has them now: the history keeps numbers.
enum UserName {
  /// The name of a user (getpwuid(3)), or the number where it has none.
  static func of(_ uid: Int64) -> String {
    guard let number = uid_t(exactly: uid), let entry = getpwuid(number),
      let name = entry.pointee.pw_name
    else { return String(uid) }
    return SystemText.escaped(Array(String(cString: name).utf8))
  }
}
