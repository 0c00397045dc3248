/// Names of units of systemd (systemd.unit(5)).
enum UnitName {
  /// The longest name of a unit (`UNIT_NAME_MAX` of systemd).
  private static let limit = 255
  /// The units that have processes.
  private static let types = [".service", ".scope", ".socket", ".mount", ".swap"]

  /// The unit that a cgroup belongs to by its name; nil for what is none, and for a slice.
  static func of(_ part: ArraySlice<UInt8>) -> String? {
    // systemd puts it before a name that would be one of the kernel's files (cg_escape()).
    let name = part.first == UInt8(ascii: "_") ? part.dropFirst() : part
    guard name.count <= limit, name.allSatisfy(isAllowed),
      types.contains(where: { name.count > $0.utf8.count && name.hasSuffix($0) })
    else { return nil }
    return String(decoding: name, as: UTF8.self)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    HexID.isAlphanumeric(byte) || ":-_.\\@".utf8.contains(byte)
  }

  /// A part of the name of a unit with each `\xHH` in it as the byte it stands for
  /// (systemd-escape(1)); nil when that is no name. A dash stays one: no machine's name has the
  /// slash that it could stand for.
  static func unescaped(_ name: ArraySlice<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = name
    while let byte = rest.popFirst() {
      let digits = rest.dropFirst().prefix(2)
      guard byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), digits.count == 2,
        HexID.isHexadecimal(digits),
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else { return nil }
    return bytes[...].name
  }
}
