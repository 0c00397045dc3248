// The parser of the records of the ring, on bytes that the programs write and on hostile ones.

import NamespaceBPF
import TestSupport
import Testing

/// Makes the bytes of a record of the ring (`record_event` of Sources/NamespaceBPF/Programs/Records.h).
private func record(
  kind: UInt8, tid: Int32 = 3, of pid: Int32? = nil, maker: (tid: Int32, pid: Int32) = (8, 9),
  time: UInt64 = 70, inode: UInt32? = nil
) -> [UInt8] {
  var task = PassBytes()
  task.add(tid, of: pid, inode: inode)
  var bytes: [UInt8] = []
  func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
  }
  append(UInt16(24 + task.bytes.count))
  append(kind)
  bytes += [0, 0, 0, 0, 0]
  append(maker.tid)
  append(maker.pid)
  append(time)
  return bytes + task.bytes
}

private func parse(_ bytes: [UInt8]) -> TaskEvent? { bytes.withUnsafeBytes { TaskEvent($0) } }

struct TaskEventTests {
  @Test("a record has the values that the program wrote")
  func values() throws {
    let start = try #require(parse(record(kind: 3, inode: 50)))
    #expect(start.kind == .start(makerPID: 9, makerTID: 8) && start.time == 70)
    #expect(start.task.tid == 3 && start.task.uid == 1000 && start.task.start == 5)
    #expect(start.task.namespaces?[9] == TaskNamespace(inode: 59, id: 109))
    #expect(parse(record(kind: 4))?.kind == .exec(formerTID: 8))
    #expect(parse(record(kind: 5, tid: 4, of: 3))?.kind == .exit)
    #expect(parse(record(kind: 5, tid: 4, of: 3))?.task.namespaces == nil)
    #expect(parse(record(kind: 6))?.kind == .move && parse(record(kind: 7))?.kind == .state)
  }

  @Test("a record of another kind, size, PID or time is refused")
  func hostile() {
    for kind in [0, 1, 2, 8, 255] as [UInt8] { #expect(parse(record(kind: kind)) == nil) }
    #expect(parse(record(kind: 3, tid: 0)) == nil && parse(record(kind: 3, of: -1)) == nil)
    #expect(parse(record(kind: 3, time: .max)) == nil)
    for whole in [record(kind: 3), record(kind: 3, inode: 50)] {
      for count in 0..<whole.count { #expect(parse(Array(whole[..<count])) == nil) }
      // The kernel rounds the size of a record up.
      #expect(parse(whole + [0, 0]) != nil)
    }
  }

  @Test("no bytes make the parser trap")
  func random() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<2000 {
      var bytes = record(kind: 3, inode: 50)
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = parse(bytes)
    }
  }
}
