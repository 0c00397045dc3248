/// Looks up the home folder of a user in the passwd(5) file below a root. Other sources of users
/// (nsswitch.conf(5)) are not read: they describe this system, not the one below the root.
enum UserHome {
  static func path(of uid: UInt32, in root: StateRoot) -> String? {
    guard let table = root.read("/etc/passwd") else { return nil }
    for line in table.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(
        separator: UInt8(ascii: ":"), maxSplits: 6, omittingEmptySubsequences: false)
      guard fields.count == 7, Decimal.parse(fields[2]) == uid else { continue }
      guard fields[5].first == UInt8(ascii: "/"), !fields[5].contains(0) else { return nil }
      return fields[5].name
    }
    return nil
  }
}
