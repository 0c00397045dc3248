/// The id of a machine: machine-id(5).
package enum MachineID {
  /// Reads the id from the machine's files below the folder `path`. Nil if it cannot be read, or is not
  /// an id: `uninitialized`, as before the first boot.
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
