internal import NSHistory

extension TimeFormat {
  /// Returns a number that is not negative, with one decimal.
  static func decimal(_ number: Double) -> String {
    let tenths = Int64(nearest: number * 10)
    return "\(tenths / 10).\(tenths % 10)"
  }
}

extension Int64 {
  /// The nearest whole number that 64 bits hold.
  init(nearest number: Double) {
    self = number >= 9.2e18 ? .max : number <= -9.2e18 ? .min : Int64(number.rounded())
  }
}
