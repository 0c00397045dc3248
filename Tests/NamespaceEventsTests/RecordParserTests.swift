// Records as the kernel writes them, cut short, and as it never would.

import NamespaceModel
import Testing

@testable import NamespaceEvents
import TestSupport

struct RecordParserTests {
  @Test("a fork and an exit")
  func tasks() {
    #expect(
      RecordBytes.event(RecordBytes.fork(pid: 0x0A0B, time: 0x0102_0304_0506_0708))
        == KernelEvent(
          time: 0x0102_0304_0506_0708, pid: 0x0A0B, tid: 0x0A0C,
          kind: .fork(parentPID: 0x0101, parentTID: 0x0202)))
    #expect(
      RecordBytes.event(RecordBytes.exit(pid: -1, time: 5))
        == KernelEvent(time: 5, pid: -1, tid: 0, kind: .exit))
  }

  @Test("a name, taken by executing a program or not", arguments: [UInt16(0), 1 << 13])
  func comm(misc: UInt16) {
    let name = Array("sleep\0\0\0".utf8)
    // A bit of misc that says nothing of the name.
    let event = RecordBytes.event(RecordBytes.comm(name, misc: misc | 1))
    #expect(event?.kind == .comm(CommName(Array("sleep".utf8)), isExec: misc != 0))
    #expect(event?.pid == 4711)
    #expect(event?.tid == 4712)
    #expect(event?.time == 1000)
  }

  @Test("namespaces, each by its index")
  func namespaces() throws {
    let event = try #require(
      RecordBytes.event(RecordBytes.namespaces(RecordBytes.sevenNamespaces)))
    let inodes = NamespaceInodes([
      .net: 0x100, .uts: 0x101, .ipc: 0x102, .pid: 0x103, .user: 0x104, .mnt: 0x105,
      .cgroup: 0x106, .time: 0x107,
    ])
    #expect(event == KernelEvent(time: 1000, pid: 4711, tid: 4712, kind: .namespaces(inodes)))
    #expect(inodes[.net] == 0x100)
    #expect(inodes[.cgroup] == 0x106)
    #expect(inodes[.time] == nil)
  }

  @Test("fewer namespaces, more of them, and types that the kernel has not")
  func otherNamespaces() throws {
    var entries = RecordBytes.sevenNamespaces
    let all = RecordBytes.event(RecordBytes.namespaces(entries))
    #expect(RecordBytes.event(RecordBytes.namespaces(entries + [(4, 0x107), (4, 0x108)])) == all)
    #expect(
      RecordBytes.event(RecordBytes.namespaces(Array(entries.prefix(2))))?.kind
        == .namespaces(NamespaceInodes([.net: 0x100, .uts: 0x101])))
    #expect(
      RecordBytes.event(RecordBytes.namespaces([]))?.kind == .namespaces(NamespaceInodes([:])))
    // As many as are reported, though there is room for more.
    #expect(
      RecordBytes.event(RecordBytes.namespaces(entries, count: 1))?.kind
        == .namespaces(NamespaceInodes([.net: 0x100])))
    entries[4] = (0, 0)
    guard case .namespaces(let inodes)? = RecordBytes.event(RecordBytes.namespaces(entries))?.kind
    else {
      Issue.record("no namespaces")
      return
    }
    #expect(inodes[.user] == nil)
    #expect(inodes[.mnt] == 0x105)
  }

  @Test("lost records, and records of other types")
  func lostAndOther() {
    #expect(RecordBytes.parse(RecordBytes.lost(17, time: 8)) == .lost(records: 17, time: 8))
    #expect(RecordBytes.parse(RecordBytes.record(type: 1, [])) == .other(type: 1))
    #expect(RecordBytes.parse(RecordBytes.record(type: .max, [1])) == .other(type: .max))
  }

  @Test("a record is as long as it says, whatever comes behind it", arguments: 0..<6)
  func length(index: Int) {
    let record = RecordBytes.oneOfEach[index]
    let followed = record + RecordBytes.exit(pid: 3)
    #expect(RecordParser.parse(followed.span.bytes)?.length == record.count)
    #expect(RecordBytes.parse(followed) == RecordBytes.parse(record))
  }

  @Test("no prefix of a record is one", arguments: 0..<6)
  func prefixes(index: Int) {
    let record = RecordBytes.oneOfEach[index]
    for count in 0..<record.count {
      #expect(RecordBytes.parse(Array(record.prefix(count))) == nil)
    }
  }

  @Test("a record that says it is shorter is malformed or another, and never traps")
  func shorterSizes() throws {
    let least: [Int?] = [40, 40, 24, 24 + 7 * 16 + 8, 32, 8]
    for (record, least) in zip(RecordBytes.oneOfEach, least) {
      for size in 0...record.count {
        var bytes = record
        bytes.replaceSubrange(6..<8, with: RecordBytes.number(UInt16(size)))
        let found = RecordParser.parse(bytes.span.bytes)
        if size < 8 {
          #expect(found == nil)
        } else {
          #expect(try #require(found).length == size)
          #expect((found?.record == .malformed) == (size < least ?? 8))
        }
      }
    }
  }

  @Test("sizes that no record has", arguments: [UInt16(0), 4, 7, 65535])
  func hostileSizes(size: UInt16) {
    for type in UInt32(0)...20 {
      let bytes = RecordBytes.record(type: type, size: size, [UInt8](repeating: 0xFF, count: 200))
      #expect(RecordBytes.parse(bytes) == nil)
    }
  }

  @Test(
    "more namespaces than there is room for",
    arguments: [UInt64(8), 9, 1 << 32, 1 << 60, 1 << 63, .max])
  func hugeCount(count: UInt64) {
    let record = RecordBytes.namespaces(RecordBytes.sevenNamespaces, count: count)
    #expect(RecordBytes.parse(record) == .malformed)
  }

  @Test("any bytes, at any alignment")
  func anyBytes() {
    for type in UInt32(0)...20 {
      for count in 0..<160 {
        let body = [UInt8](repeating: 0xFF, count: count)
        let bytes = [0] + RecordBytes.record(type: type, body)
        #expect(RecordParser.parse(bytes.span.bytes.extracting(1..<bytes.count)) != nil)
      }
    }
  }
}
