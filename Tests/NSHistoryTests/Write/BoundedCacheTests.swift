import Testing

@testable import NSHistory

@Suite("A cache with a bound")
struct BoundedCacheTests {
  @Test("an insertion that would exceed the limit empties the cache first")
  func countIsBounded() {
    var cache = BoundedCache<Int, String>(limit: 3)
    for key in 1...3 { cache.insert("\(key)", for: key) }
    #expect((1...3).allSatisfy { cache[$0] == "\($0)" })
    cache.insert("4", for: 4)
    #expect(cache.count == 1)
    #expect(cache[1] == nil)
    #expect(cache[4] == "4")
  }

  @Test("for values with weights the limit is the sum of the weights")
  func weightIsBounded() {
    var cache = BoundedCache<Int, Int>(limit: 10)
    cache.insert(1, for: 1, weight: 4)
    cache.insert(2, for: 2, weight: 6)
    #expect(cache.count == 2)
    cache.insert(3, for: 3, weight: 1)
    #expect(cache.count == 1)
    #expect(cache[3] == 3)
  }

  @Test("a value above the limit is stored until the next one")
  func heavyValue() {
    var cache = BoundedCache<Int, Int>(limit: 10)
    cache.insert(1, for: 1, weight: 50)
    #expect(cache[1] == 1)
    cache.insert(2, for: 2, weight: 1)
    #expect(cache[1] == nil)
    #expect(cache[2] == 2)
  }

  @Test("after random insertions the count is within the limit and every value is right")
  func randomInsertions() {
    var cache = BoundedCache<Int, Int>(limit: 16)
    for step in 0..<10_000 {
      let key = step &* 7919 % 61
      if let known = cache[key] {
        #expect(known == key * 2)
      } else {
        cache.insert(key * 2, for: key)
        #expect(cache[key] == key * 2)
      }
      #expect(cache.count <= 16)
    }
  }
}
