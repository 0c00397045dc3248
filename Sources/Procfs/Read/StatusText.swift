/// The fields of `/proc/PID/status` that the history needs (`proc_pid_status(5)`).
package struct StatusText: Sendable, Hashable {
  /// The effective user id, as the reader's user namespace shows it.
  package var uid: UInt32
  /// The PID of the process in each of its pid namespaces, from that of this `/proc` inwards. Empty on
  /// a kernel before 4.1.
  package var nspid: [Int32]
  /// The PID of the process that the thread belongs to; nil if the line is missing.
  package var tgid: Int32?
  /// Whether CAP_SYS_PTRACE (19) is among the effective capabilities.
  package var mayTrace: Bool

  /// Parses the file; returns nil if it contains no complete `Uid:` line.
  package init?(_ text: [UInt8]) {
    var uid: UInt32?
    var nspid: [Int32] = []
    var tgid: Int32?
    var mayTrace = false
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    // Text after the last newline is an incomplete line.
    if !lines.isEmpty { lines.removeLast() }
    for line in lines {
      if line.starts(with: "Uid:\t".utf8) {
        let values = Self.values(line)
        guard values.count == 4 else { return nil }
        uid = Decimal.parse(values[1]).flatMap(UInt32.init(exactly:))
      } else if line.starts(with: "NSpid:\t".utf8) {
        nspid = Self.values(line).compactMap { Decimal.parse($0).flatMap(Int32.init(exactly:)) }
      } else if line.starts(with: "Tgid:\t".utf8) {
        tgid = Self.values(line).first.flatMap { Decimal.parse($0) }.flatMap(Int32.init(exactly:))
      } else if line.starts(with: "CapEff:\t".utf8), let digits = Self.values(line).first {
        let mask = UInt64(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
        mayTrace = mask & (1 << 19) != 0
      }
    }
    guard let uid else { return nil }
    self.uid = uid
    self.nspid = nspid
    self.tgid = tgid
    self.mayTrace = mayTrace
  }

  private static func values(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    Array(line.split(whereSeparator: { $0 == 0x09 || $0 == 0x20 }).dropFirst())
  }
}
