/// Unsigned decimal numbers, as the kernel prints them.
enum Decimal {
  /// Returns the number that the bytes represent, or nil if they are anything else or too large.
  static func parse(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var number: UInt64 = 0
    for byte in digits {
      let digit = byte &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, over) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !over, !carry else { return nil }
      number = sum
    }
    return number
  }
}
