extension SystemText {
  /// The bytes that `escaped` made a text of. What it would not have made stands for itself: what a
  /// file says may have been edited.
  public static func bytes(_ text: String) -> [UInt8] {
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
