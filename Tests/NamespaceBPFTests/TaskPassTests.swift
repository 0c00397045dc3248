// The parser of a pass, on bytes that the kernel writes and on hostile ones.

import NamespaceBPF
import SystemPackage
import TestSupport
import Testing

struct TaskPassTests {
  @Test("a record has the values that the program wrote")
  func values() throws {
    var made = PassBytes()
    made.add(3, comm: "nginx", execs: 70)
    made.add(4, of: 3, start: 9, inode: 50, flags: 2 | 4 | 8 | 16, level: 2, nested: [7, 8, 0])
    made.add(5, inode: 60, flags: 32, level: 9, nested: [7, 8, 9])
    made.end(visited: 77)
    let pass = try TaskPass(made.bytes)
    #expect(pass.count == 3 && pass.visited == 77)
    let first = pass[0]
    #expect(first.tid == 3 && first.pid == 3 && first.parent == 1 && first.start == 5)
    #expect(first.cgroup == 7 && first.cgroupSet == 8 && first.uid == 1000 && first.level == 0)
    #expect(first.execs == 70 && pass[1].execs == 0)
    #expect(first.comm == Array("nginx".utf8) && first.namespaces == nil && first.nested == [])
    #expect(!first.hasExited && !first.isExiting && !first.isKernelThread && first.isProcess)
    let second = pass[1]
    #expect(!second.isProcess && !pass.isProcess(1) && pass.isProcess(0) && pass.tid(1) == 4)
    #expect(second.hasExited && second.isExiting && second.isKernelThread)
    #expect(second.childrenArePending && second.nested == [7, 8] && !second.isDeep)
    let namespaces = try #require(second.namespaces)
    #expect(namespaces[0] == TaskNamespace(inode: 50, id: 100))
    #expect(namespaces[9] == TaskNamespace(inode: 59, id: 109))
    #expect(pass[2].isDeep && pass[2].nested == [])
    #expect(pass.isSame(0, as: 0, in: pass) && !pass.isSame(0, as: 1, in: pass))
  }

  @Test("a thread in the namespaces of its process has a record without namespaces")
  func sharingThread() throws {
    var made = PassBytes()
    made.add(4, of: 3, start: 9, sharing: true)
    made.end()
    let pass = try TaskPass(made.bytes)
    #expect(pass.count == 1 && pass[0].pid == 3 && pass[0].start == 9 && pass[0].namespaces == nil)
  }

  @Test("a name without NUL has its 16 bytes, and bytes after a NUL are no part of a name")
  func names() throws {
    var made = PassBytes()
    made.add(1, comm: "0123456789abcdef")
    made.add(2, comm: "a\0b")
    made.end()
    let pass = try TaskPass(made.bytes)
    #expect(pass[0].comm.count == 16 && pass[1].comm == Array("a".utf8))
  }

  @Test("a pass that is cut off anywhere is unfinished")
  func cutOff() throws {
    var made = PassBytes()
    made.add(3)
    made.add(4, inode: 9)
    made.end()
    for length in 0..<made.bytes.count {
      let error = #expect(throws: TaskPassError.self) { try TaskPass(Array(made.bytes[..<length])) }
      #expect(error?.cause == .unfinished, "\(length)")
    }
  }

  private struct Fault {
    let offset: Int
    let bytes: [UInt8]
    let fault: TaskPassError.Fault
  }

  @Test("a record that the program cannot have written is refused with its offset and the reason")
  func malformed() throws {
    var made = PassBytes()
    made.add(3)
    made.add(4, inode: 9)
    made.end()
    for record in 0..<3 {
      let start = made.offsets[record]
      var faults = [
        Fault(offset: 0, bytes: [0, 0], fault: .size),
        Fault(offset: 0, bytes: [0xFF, 0xFF], fault: .size),
        Fault(offset: 0, bytes: [8, 0], fault: .size), Fault(offset: 2, bytes: [0], fault: .kind),
        Fault(offset: 2, bytes: [3], fault: .kind),
      ]
      if record < 2 {
        faults += [
          Fault(offset: 3, bytes: [record == 0 ? 0 : 1], fault: .size),
          Fault(offset: 4, bytes: [0, 0, 0, 0], fault: .pid),
          Fault(offset: 4, bytes: [0, 0, 0, 0x80], fault: .pid),
          Fault(offset: 8, bytes: [0, 0, 0, 0], fault: .pid),
          Fault(offset: 16, bytes: Array(repeating: 0xFF, count: 8), fault: .start),
        ]
      }
      for fault in faults {
        var bytes = made.bytes
        bytes.replaceSubrange(
          (start + fault.offset)..<(start + fault.offset + fault.bytes.count), with: fault.bytes)
        let error = #expect(throws: TaskPassError.self) { try TaskPass(bytes) }
        #expect(error?.cause == .malformed(fault.fault) && error?.offset == start, "\(fault)")
        #expect(error?.description.contains("byte \(start)") == true)
      }
    }
  }

  @Test(
    "random bytes are refused or parsed, and never read beyond their end",
    arguments: RandomSeeds.usually(4))
  func random(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var made = PassBytes()
    for tid in 1...20 { made.add(Int32(tid), inode: tid % 2 == 0 ? 9 : nil) }
    made.end()
    for _ in 0..<3000 {
      var bytes = made.bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0...8, using: &random))
      guard let pass = try? TaskPass(bytes) else { continue }
      for index in 0..<pass.count {
        let record = pass[index]
        #expect(
          record.tid > 0 && record.pid > 0 && record.comm.count <= 16 && record.nested.count <= 3)
      }
    }
  }

  @Test("records after the last one of a pass are ignored")
  func afterTheEnd() throws {
    var made = PassBytes()
    made.add(3)
    made.end()
    made.add(4)
    made.end()
    #expect(try TaskPass(made.bytes).count == 1)
    #expect(try TaskPass(made.bytes + [1, 2, 3]).count == 1)
  }

  @Test("records out of order are sorted, and the last one of a TID counts")
  func order() throws {
    var made = PassBytes()
    for (tid, comm) in [(3, "a"), (9, "b"), (4, "c"), (5, "d"), (9, "e"), (10, "f")] {
      made.add(Int32(tid), comm: comm)
    }
    made.end()
    let pass = try TaskPass(made.bytes)
    #expect((0..<pass.count).map { pass.tid($0) } == [3, 4, 5, 9, 10])
    #expect(pass[3].comm == Array("e".utf8) && pass.replaced == 1)
  }

  /// Reads a pass of which each read returns the next of these results.
  private func fill(
    _ pass: inout TaskPass, _ results: [Result<[UInt8], Errno>]
  ) throws(TaskPassError) -> Int {
    var next = 0
    try pass.fill(
      { space in
        defer { next += 1 }
        guard next < results.count else { return .success(0) }
        return results[next].map { bytes in
          space.copyBytes(from: bytes)
          return bytes.count
        }
      }, wait: {})
    return next
  }

  @Test("a pass may arrive in reads of any size, and the reader reads nothing after its end")
  func reads() throws {
    var made = PassBytes()
    for tid in 1...9 { made.add(Int32(tid), inode: tid % 2 == 0 ? 9 : nil) }
    made.end()
    var later = PassBytes()
    later.add(12)
    var pass = TaskPass()
    for size in [1, 7, 16, 80, 81, 200, 5000] {
      let parts = stride(from: 0, to: made.bytes.count, by: size).map {
        Result<[UInt8], Errno>.success(Array(made.bytes[$0..<min($0 + size, made.bytes.count)]))
      }
      #expect(try fill(&pass, parts + [.success(later.bytes)]) == parts.count)
      #expect((0..<pass.count).map { pass.tid($0) } == Array(1...9))
    }
  }

  @Test("a read that asks for another one is repeated")
  func again() throws {
    var made = PassBytes()
    made.add(3)
    made.end()
    var pass = TaskPass()
    let results: [Result<[UInt8], Errno>] = [
      .failure(.interrupted), .success(Array(made.bytes[..<80])),
      .failure(.resourceTemporarilyUnavailable),
      .failure(.resourceTemporarilyUnavailable), .success(Array(made.bytes[80...])),
    ]
    #expect(try fill(&pass, results) == 5)
    #expect(pass.count == 1)
    let error = #expect(throws: TaskPassError.self) {
      try pass.fill({ _ in .failure(.resourceTemporarilyUnavailable) }, wait: {})
    }
    #expect(error?.cause == .system(.resourceTemporarilyUnavailable))
  }

  @Test("a pass without its last record, or with an error, fails")
  func failures() throws {
    var made = PassBytes()
    made.add(3)
    var pass = TaskPass()
    var error = #expect(throws: TaskPassError.self) { try fill(&pass, [.success(made.bytes)]) }
    #expect(error?.cause == .unfinished && error?.offset == 80)
    // E2BIG: a record is larger than the kernel's buffer.
    error = #expect(throws: TaskPassError.self) {
      try fill(&pass, [.success(made.bytes), .failure(.argListTooLong)])
    }
    #expect(error?.cause == .system(.argListTooLong))
    made.end()
    #expect(try fill(&pass, [.success(made.bytes)]) == 1)
    #expect(pass.count == 1)
  }
}
