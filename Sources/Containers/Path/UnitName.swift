/// Parses names of systemd units (systemd.unit(5)).
enum UnitName {
  /// The greatest length of a unit name (`UNIT_NAME_MAX` of systemd).
  private static let limit = 255
  /// The suffixes of the unit types that have processes.
  private static let types = [".service", ".scope", ".socket", ".mount", ".swap"]

  /// Returns the unit that the name of a cgroup denotes; nil if the name is not that of a unit, and for
  /// a slice.
  static func of(_ part: ArraySlice<UInt8>) -> String? {
    // systemd prepends `_` to a name that would collide with one of the kernel's files (cg_escape()).
    let name = part.first == UInt8(ascii: "_") ? part.dropFirst() : part
    guard name.count <= limit, name.allSatisfy(isAllowed),
      types.contains(where: { name.count > $0.utf8.count && name.hasSuffix($0) })
    else { return nil }
    return String(decoding: name, as: UTF8.self)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    HexID.isAlphanumeric(byte) || ":-_.\\@".utf8.contains(byte)
  }

  /// Replaces each `\xHH` in a part of a unit name with the byte that it denotes (systemd-escape(1));
  /// nil if the result is not a name. A dash is not replaced: no machine name contains the slash that
  /// it could denote.
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
