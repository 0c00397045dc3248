// Reads records from a ring, and accounts for those that it lost.

import TestSupport
import Testing

@testable import NamespaceEvents

struct RingTests {
  @Test(
    "a record that wraps around the end of the ring is read whole, wherever it is split",
    arguments: 0..<6)
  func wrapped(index: Int) {
    let record = RecordBytes.oneOfEach[index]
    for first in stride(from: 8, through: 256, by: 1) {
      let ring = PlainRing(capacity: 256)
      ring.write(RecordBytes.record(type: 99, [UInt8](repeating: 0, count: first - 8)))
      #expect(ring.consume().losses == [])
      ring.write(record)
      let consumed = ring.consume()
      #expect(consumed.events == [RecordBytes.event(record)].compactMap(\.self))
      #expect(consumed.losses.map(\.cause) == (index == 4 ? [.ringFull] : []))
      #expect(ring.account.tail == ring.head)
    }
  }

  @Test("after many rounds through the ring no record is missing or out of order")
  func around() {
    let ring = PlainRing(capacity: 512)
    var wanted: Int32 = 0
    for round in 0..<1000 {
      let first = wanted
      for _ in 0...(round % 5) {
        ring.write(RecordBytes.fork(pid: wanted, time: Int64(wanted)))
        ring.write(RecordBytes.record(type: 42, [1, 2, 3, 4, 5, 6, 7, 8]))
        wanted += 1
      }
      let consumed = ring.consume()
      #expect(consumed.events.map(\.pid) == Array(first..<wanted))
      #expect(consumed.losses == [])
    }
  }

  @Test("a ring that is full to the last byte is read whole")
  func full() {
    let ring = PlainRing(capacity: 256)
    ring.write(RecordBytes.record(type: 42, [UInt8](repeating: 0, count: 112)))
    _ = ring.consume()
    let padding = RecordBytes.record(type: 42, [UInt8](repeating: 0, count: 208))
    ring.write(padding, RecordBytes.fork(pid: 12))
    #expect(ring.consume().events.map(\.pid) == [12])
  }

  @Test("a record of lost records is reported between the events before and after it")
  func lost() {
    let ring = PlainRing(capacity: 1024)
    ring.write(
      RecordBytes.fork(time: 200), RecordBytes.lost(3, time: 300), RecordBytes.exit(time: 301),
      RecordBytes.lost(4, time: 400), RecordBytes.exit(time: 400))
    let consumed = ring.consume()
    #expect(consumed.events.count == 3)
    #expect(
      consumed.losses == [
        EventLoss(records: 3, after: 200, by: 300, cause: .ringFull),
        EventLoss(records: 4, after: 301, by: 400, cause: .ringFull),
      ])
  }

  @Test("losses that the event count reported are not reported again by the later record")
  func lostOnce() {
    let ring = PlainRing(capacity: 1024)
    ring.write(RecordBytes.fork(time: 200))
    _ = ring.consume()
    #expect(
      ring.account.count(5, by: 300)
        == EventLoss(records: 5, after: 200, by: 300, cause: .ringFull))
    #expect(ring.account.count(5, by: 310) == nil)
    ring.write(RecordBytes.lost(7, time: 400))
    // Two more records were lost meanwhile.
    #expect(
      ring.consume().losses == [EventLoss(records: 2, after: 200, by: 400, cause: .ringFull)])
    #expect(ring.account.count(7, by: 500) == nil)
    ring.write(RecordBytes.lost(.max, time: 600))
    #expect(ring.consume().losses.map(\.records) == [])
  }

  @Test("a ring that is read to its end is complete until shortly before the read")
  func recordEnd() {
    let ring = PlainRing(capacity: 1024)
    #expect(ring.account.completeUntil == 100)
    ring.account.recordEnd(at: 50_000_000)
    #expect(ring.account.completeUntil == 49_000_000)
    ring.write(RecordBytes.fork(time: 49_500_000))
    _ = ring.consume()
    ring.account.recordEnd(at: 50_100_000)
    #expect(ring.account.completeUntil == 49_500_000)
    ring.account.recordEnd(at: 10)
    #expect(ring.account.completeUntil == 49_500_000)
  }

  @Test("a malformed record is skipped by its size and reported")
  func malformed() {
    let ring = PlainRing(capacity: 1024)
    ring.write(
      RecordBytes.fork(time: 200), RecordBytes.record(type: 7, [1, 2, 3, 4, 5, 6, 7, 8]),
      RecordBytes.exit(time: 300), RecordBytes.namespaces([], count: 9))
    let consumed = ring.consume()
    #expect(consumed.events.map(\.time) == [200, 300])
    #expect(
      consumed.losses == [EventLoss(records: 2, after: 200, by: 5000, cause: .malformed)])
  }

  @Test(
    "after a record with an impossible size, the rest of the ring is reported as lost",
    arguments: [UInt16(0), 4, 7, 65535])
  func hostileSize(size: UInt16) {
    let ring = PlainRing(capacity: 256)
    ring.write(
      RecordBytes.fork(time: 200), RecordBytes.record(type: 7, size: size, []),
      RecordBytes.exit(time: 300))
    let consumed = ring.consume()
    #expect(consumed.events.map(\.time) == [200])
    #expect(
      consumed.losses == [EventLoss(records: 0, after: 200, by: 5000, cause: .malformed)])
    ring.write(RecordBytes.exit(time: 400))
    #expect(ring.consume().events.map(\.time) == [400])
  }

  @Test("a head at an impossible position is reported as malformed, and reading goes on from it")
  func hostileHead() {
    for head in [UInt64(1), 7, 8, 39, 41, 257, 1 << 40, .max] {
      let ring = PlainRing(capacity: 256)
      ring.write(RecordBytes.fork(time: 200))
      let consumed = ring.consume(to: head)
      #expect(consumed.losses.map(\.cause) == [.malformed])
      #expect(ring.account.tail == head)
    }
  }

  @Test("random bytes never trap, and all are consumed", arguments: UInt64(0)..<20)
  func randomBytes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let ring = PlainRing(capacity: 512)
    for _ in 0..<500 {
      // Headers that are often valid, so that the code after the check of the header runs too.
      let size = UInt16.random(in: 0...160, using: &random)
      let body = (0..<Int.random(in: 0...120, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random) & UInt8.random(in: 0...255, using: &random)
      }
      ring.write(
        RecordBytes.record(type: UInt32.random(in: 0...17, using: &random), size: size, body))
      _ = ring.consume()
      #expect(ring.account.tail == ring.head)
    }
  }
}
