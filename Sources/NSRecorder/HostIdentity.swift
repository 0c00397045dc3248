internal import Procfs
internal import SystemPackage

/// What tells the machine that is recorded from others. A cloned machine may have the id of another one.
struct HostIdentity {
  /// The machine's id; nil when it cannot be read, or is none.
  let machineID: String?
  /// Its name; nil when it cannot be read.
  let name: [UInt8]?

  /// - Parameter files: the folder where the machine's files are; nil where that is not known.
  init(_ root: ProcRoot, files: String?) {
    machineID = files.flatMap { Self.machineID(in: FilePath($0)) }
    name = root.hostName()
  }

  /// machine-id(5): 32 lower-case hexadecimal digits and a newline; `uninitialized` before the first boot.
  private static func machineID(in files: FilePath) -> String? {
    var text = [UInt8](repeating: 0, count: 33)
    do {
      let file = try FileDescriptor.open(
        files.appending("etc/machine-id"), .readOnly, options: .closeOnExec)
      let count = try file.closeAfter {
        try text.withUnsafeMutableBytes { try file.read(into: $0) }
      }
      text.removeSubrange(count...)
    } catch { return nil }
    let digits = text.prefix(32)
    guard digits.count == 32, text.count == 32 || text[32] == 0x0A,
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return String(decoding: digits, as: UTF8.self)
  }
}
