/// Escapes text that comes from the system, so that it breaks neither a terminal, CSV nor JSON.
///
/// As in `/proc/PID/status`, a backslash is written `\\` and a newline `\n`. In addition, every other byte that
/// is not part of printable UTF-8 is written `\xHH`, so that no two inputs have the same text.
package enum SystemText {
  /// Returns the bytes in escaped form. No two different inputs have the same output.
  package static func escaped(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    text.reserveCapacity(bytes.count)
    var decoder = UTF8Pieces(bytes)
    while let piece = decoder.next() {
      switch piece {
      case .scalar(let scalar) where isPlain(scalar): text.unicodeScalars.append(scalar)
      case .scalar("\\"): text += "\\\\"
      case .scalar("\n"): text += "\\n"
      case .scalar(let scalar): for byte in String(scalar).utf8 { text += hex(byte) }
      case .byte(let byte): text += hex(byte)
      }
    }
    return text
  }

  /// Returns a command line in escaped form, with a blank in place of each NUL between two arguments.
  package static func escaped(commandLine bytes: [UInt8]) -> String {
    escaped(bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 })
  }

  /// Returns any text in a form that a terminal shows as one line. Text that `escaped` returned stays as it is.
  package static func sanitized(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var line = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n" {
        line += " "
      } else if scalar == "\\" || isPlain(scalar) {
        line.unicodeScalars.append(scalar)
      } else {
        for byte in String(scalar).utf8 { line += hex(byte) }
      }
    }
    return line
  }

  /// Returns whether a scalar may be sent to a terminal. Control codes, marks that change the direction of
  /// writing, and line separators may not.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F && scalar != "\\" }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate,
      .privateUse:
      return false
    default: return true
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = Array("0123456789abcdef")
    return "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
  }
}

/// Splits a text that claims to be UTF-8 into its scalars and the bytes that are not valid UTF-8.
private struct UTF8Pieces {
  enum Piece {
    case scalar(Unicode.Scalar)
    case byte(UInt8)
  }

  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

  mutating func next() -> Piece? {
    guard index < bytes.count else { return nil }
    let first = bytes[index]
    let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
    if length > 0, index + length <= bytes.count,
      let text = String(validating: bytes[index..<(index + length)], as: UTF8.self),
      text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first
    {
      index += length
      return .scalar(scalar)
    }
    index += 1
    return .byte(first)
  }
}

extension SystemText {
  /// Returns the bytes that `escaped` made into a text. A part that `escaped` would not have written stands for
  /// itself, because the file that holds the text may have been edited.
  package static func bytes(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let mark = rest.first else {
        bytes.append(byte)
        continue
      }
      switch mark {
      case UInt8(ascii: "\\"):
        bytes.append(mark)
        rest.removeFirst()
      case UInt8(ascii: "n"):
        bytes.append(UInt8(ascii: "\n"))
        rest.removeFirst()
      case UInt8(ascii: "x"):
        let digits = rest.dropFirst().prefix(2)
        if digits.count == 2, let high = digit(digits[digits.startIndex]),
          let low = digit(digits[digits.startIndex + 1])
        {
          bytes.append(high << 4 | low)
          rest = rest.dropFirst(3)
        } else {
          bytes.append(byte)
        }
      default: bytes.append(byte)
      }
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
