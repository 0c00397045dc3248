/// What was made of the rows that were met last, by their numbers: a fixed number of slots, each for
/// the numbers of one remainder, so that the room does not grow and a look takes a few instructions.
struct Slots<Value> {
  private var keys: [Int64]
  private var values: [Value?]

  /// - Parameter bits: there are two to the power of so many slots.
  init(bits: Int) {
    keys = Array(repeating: 0, count: 1 << bits)
    values = Array(repeating: nil, count: 1 << bits)
  }

  subscript(key: Int64) -> Value? {
    get {
      let slot = slot(key)
      return keys[slot] == key ? values[slot] : nil
    }
    set {
      let slot = slot(key)
      keys[slot] = key
      values[slot] = newValue
    }
  }

  private func slot(_ key: Int64) -> Int { Int(truncatingIfNeeded: key) & (keys.count - 1) }
}
