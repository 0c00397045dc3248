// Event records built byte by byte in the layout of perf_event_open(2). Each field has a value of its own, so that a
// read at a wrong offset gives a wrong value.

@testable import NamespaceEvents

enum RecordBytes {
  /// The bytes of a number in the byte order of this machine.
  static func number(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  /// A record: a header and a body.
  static func record(type: UInt32, misc: UInt16 = 0, size: UInt16? = nil, _ body: [UInt8])
    -> [UInt8]
  {
    number(type) + number(misc) + number(size ?? UInt16(8 + body.count)) + body
  }

  static func task(type: UInt32, pid: Int32, time: Int64) -> [UInt8] {
    record(
      type: type,
      number(pid) + number(Int32(0x0101)) + number(pid + 1) + number(Int32(0x0202))
        + number(Int64(7)) + number(time))
  }

  static func fork(pid: Int32 = 4711, time: Int64 = 1000) -> [UInt8] {
    task(type: 7, pid: pid, time: time)
  }

  static func exit(pid: Int32 = 4711, time: Int64 = 1000) -> [UInt8] {
    task(type: 4, pid: pid, time: time)
  }

  static func comm(_ name: [UInt8], misc: UInt16 = 0, time: Int64 = 1000) -> [UInt8] {
    record(type: 3, misc: misc, number(Int32(4711)) + number(Int32(4712)) + name + number(time))
  }

  /// - Parameter count: the number of entries that the record announces; nil for their number.
  static func namespaces(
    _ entries: [(device: UInt64, inode: UInt64)], count: UInt64? = nil, time: Int64 = 1000
  ) -> [UInt8] {
    record(
      type: 16,
      number(Int32(4711)) + number(Int32(4712)) + number(count ?? UInt64(entries.count))
        + entries.flatMap { number($0.device) + number($0.inode) } + number(time))
  }

  static func lost(_ records: UInt64, time: Int64 = 1000) -> [UInt8] {
    record(type: 2, number(UInt64(99)) + number(records) + number(time))
  }

  static let sevenNamespaces: [(device: UInt64, inode: UInt64)] = (0..<7).map { (4, 0x100 + $0) }

  /// One record of each type.
  static let oneOfEach: [[UInt8]] = [
    fork(), exit(), comm(Array("sleep\0\0\0".utf8)), namespaces(sevenNamespaces), lost(3),
    record(type: 5, [1, 2, 3, 4, 5, 6, 7, 8]),
  ]

  static func parse(_ bytes: [UInt8]) -> RecordParser.Record? {
    RecordParser.parse(bytes.span.bytes)?.record
  }

  static func event(_ bytes: [UInt8]) -> KernelEvent? {
    guard case .event(let event)? = parse(bytes) else { return nil }
    return event
  }
}
