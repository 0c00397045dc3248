// Parses records as the kernel writes them, truncated ones, and ones that the kernel never writes.

import NamespaceModel
import Testing

@testable import NamespaceEvents
import TestSupport

struct RecordParserTests {
  @Test("the fields of a fork and of an exit are parsed")
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

  @Test(
    "a name is parsed, and whether executing a program set it", arguments: [UInt16(0), 1 << 13])
  func comm(misc: UInt16) {
    let name = Array("sleep\0\0\0".utf8)
    // `misc | 1`: the lowest bit of misc has no meaning for a name.
    let event = RecordBytes.event(RecordBytes.comm(name, misc: misc | 1))
    #expect(event?.kind == .comm(CommName(Array("sleep".utf8)), isExec: misc != 0))
    #expect(event?.pid == 4711)
    #expect(event?.tid == 4712)
    #expect(event?.time == 1000)
  }

  @Test("the inode number of each namespace is taken by its index in the record")
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

  @Test("a record may have fewer or more namespaces than there are types, and empty entries")
  func otherNamespaces() throws {
    var entries = RecordBytes.sevenNamespaces
    let all = RecordBytes.event(RecordBytes.namespaces(entries))
    #expect(RecordBytes.event(RecordBytes.namespaces(entries + [(4, 0x107), (4, 0x108)])) == all)
    #expect(
      RecordBytes.event(RecordBytes.namespaces(Array(entries.prefix(2))))?.kind
        == .namespaces(NamespaceInodes([.net: 0x100, .uts: 0x101])))
    #expect(
      RecordBytes.event(RecordBytes.namespaces([]))?.kind == .namespaces(NamespaceInodes([:])))
    // The record says that it has one namespace, so only one counts, although entries follow.
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

  @Test("a record of lost records is parsed, and other types are passed through")
  func lostAndOther() {
    #expect(RecordBytes.parse(RecordBytes.lost(17, time: 8)) == .lost(records: 17, time: 8))
    #expect(RecordBytes.parse(RecordBytes.record(type: 1, [])) == .other(type: 1))
    #expect(RecordBytes.parse(RecordBytes.record(type: .max, [1])) == .other(type: .max))
  }

  @Test("the length of a record is taken from its header, whatever bytes follow", arguments: 0..<6)
  func length(index: Int) {
    let record = RecordBytes.oneOfEach[index]
    let followed = record + RecordBytes.exit(pid: 3)
    #expect(RecordParser.parse(followed.span.bytes)?.length == record.count)
    #expect(RecordBytes.parse(followed) == RecordBytes.parse(record))
  }

  @Test("a truncated record is not parsed", arguments: 0..<6)
  func prefixes(index: Int) {
    let record = RecordBytes.oneOfEach[index]
    for count in 0..<record.count {
      #expect(RecordBytes.parse(Array(record.prefix(count))) == nil)
    }
  }

  @Test(
    "a record whose header gives a size too small for its type is malformed, and parsing never traps"
  )
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

  @Test("a record with an impossible size is not parsed", arguments: [UInt16(0), 4, 7, 65535])
  func hostileSizes(size: UInt16) {
    for type in UInt32(0)...20 {
      let bytes = RecordBytes.record(type: type, size: size, [UInt8](repeating: 0xFF, count: 200))
      #expect(RecordBytes.parse(bytes) == nil)
    }
  }

  @Test(
    "a record that announces more namespaces than it holds is malformed",
    arguments: [UInt64(8), 9, 1 << 32, 1 << 60, 1 << 63, .max])
  func hugeCount(count: UInt64) {
    let record = RecordBytes.namespaces(RecordBytes.sevenNamespaces, count: count)
    #expect(RecordBytes.parse(record) == .malformed)
  }

  @Test("arbitrary bytes are parsed without a trap at an odd address")
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
