internal import Glibc
internal import SystemPackage

/// The processors that are online, as the kernel lists them: `0-3,5` (`/sys/devices/system/cpu`).
enum ProcessorList {
  static func read(_ path: String) throws(EventsError) -> [Int32] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw EventsError(.processors(path: path), Errno(rawValue: errno))
    }
    defer { close(file) }
    let text = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer -> [UInt8]? in
      let count = Glibc.read(file, buffer.baseAddress, buffer.count)
      return count < 0 ? nil : Array(buffer.prefix(count))
    }
    guard let text else { throw EventsError(.processors(path: path), Errno(rawValue: errno)) }
    guard let processors = parse(text), !processors.isEmpty else {
      throw EventsError(.processors(path: path), .invalidArgument)
    }
    return processors
  }

  /// The numbers in a list; nil when it is none.
  static func parse(_ text: [UInt8]) -> [Int32]? {
    let line = text.prefix { $0 != 0x0A }
    var processors: [Int32] = []
    for part in line.split(separator: UInt8(ascii: ",")) {
      let ends = part.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        .map { Int32(String(decoding: $0, as: UTF8.self)) }
      guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil,
        first >= 0, first <= last, last < 65536
      else { return nil }
      processors.append(contentsOf: first...last)
    }
    return processors
  }
}
