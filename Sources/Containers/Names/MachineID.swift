/// The id of a machine: machine-id(5).
package enum MachineID {
  /// Reads the id from `etc/machine-id` below the folder `path`, the machine's root directory. Returns nil
  /// if the file cannot be read, or holds no id: before the first boot its text is `uninitialized`.
  package static func read(root path: String) -> String? {
    // A recording works without the id: its history has a UUID.
    guard let root = try? StateRoot(path: path), let text = root.read("/etc/machine-id") else {
      return nil
    }
    let digits = text.prefix(32)
    guard digits.count == 32, text.count == 32 || text[32] == 0x0A,
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return String(decoding: digits, as: UTF8.self)
  }
}
