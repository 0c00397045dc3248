internal import Glibc
internal import SystemPackage

/// The processors that are online, as `/sys/devices/system/cpu/online` lists them: `0-3,5`.
enum ProcessorList {
  /// The limit below which processor numbers are valid; no kernel can be built for so many processors.
  private static let limit: Int32 = 1 << 16

  /// Reads the processor numbers from the file at a path.
  static func read(_ path: String) throws(EventsError) -> [Int32] {
    func failure(_ errno: Errno) -> EventsError {
      EventsError(operation: .list(path: path), processor: nil, errno: errno)
    }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { throw failure(Errno(rawValue: errno)) }
    defer { close(file) }
    // The kernel's list is no longer than a page, and one read returns all of it.
    var text = [UInt8](repeating: 0, count: 1 << 14)
    var count = Glibc.read(file, &text, text.count)
    while count < 0 && errno == EINTR { count = Glibc.read(file, &text, text.count) }
    guard count >= 0 else { throw failure(Errno(rawValue: errno)) }
    guard let processors = parse(text.prefix(count)) else { throw failure(.invalidArgument) }
    return processors
  }

  /// Parses the processor numbers of a list; nil if the list is malformed, empty, or not in ascending
  /// order.
  static func parse(_ text: ArraySlice<UInt8>) -> [Int32]? {
    var processors: [Int32] = []
    let line = text.last == UInt8(ascii: "\n") ? text.dropLast() : text.dropLast(0)
    for range in line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let ends = range.split(
        separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap(number), let last = ends.last.flatMap(number),
        first <= last, processors.last.map({ $0 < first }) ?? true
      else { return nil }
      processors.append(contentsOf: first...last)
    }
    return processors
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
    guard !digits.isEmpty else { return nil }
    var value: Int32 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int32(digit - UInt8(ascii: "0"))
      guard value < limit else { return nil }
    }
    return value
  }
}
