/// A cache of bounded size, for values that a caller can read from the file again.
///
/// The eviction rule: where an insertion would take the total weight above the limit, the cache first drops
/// all that it holds. The rule needs no order of use, so that a lookup costs what a lookup in a dictionary
/// does. A value that alone weighs more than the limit is still stored, until the next insertion.
struct BoundedCache<Key: Hashable, Value> {
  private let limit: Int
  private var values: [Key: Value] = [:]
  private var weight = 0

  /// - Parameter limit: the greatest total weight; where every value weighs 1, the greatest count.
  init(limit: Int) { self.limit = limit }

  /// How many values the cache holds.
  var count: Int { values.count }

  /// The value that was inserted for a key; nil where there is none any more.
  subscript(key: Key) -> Value? { values[key] }

  /// Inserts a value for a key that has none. A value that is inserted for a key that has one replaces it, and
  /// the weight of both counts until the cache is emptied.
  mutating func insert(_ value: Value, for key: Key, weight: Int = 1) {
    if self.weight + weight > limit {
      values.removeAll(keepingCapacity: true)
      self.weight = 0
    }
    values[key] = value
    self.weight += weight
  }
}
