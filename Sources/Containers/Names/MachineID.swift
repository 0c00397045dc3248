/// The id of a machine: machine-id(5).
package enum MachineID {
  /// Reads it below the folder where the machine's files are. Nil when it cannot be read, or is none:
  /// `uninitialized`, as before the first boot.
  package static func read(root path: String) -> String? {
    // A recording without the id is one all the same: its history has a UUID.
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
