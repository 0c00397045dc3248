/// The text of `/proc/PID/timens_offsets` (`time_namespaces(7)`): the offsets of the clocks of a time
/// namespace from those of the initial one.
struct TimeOffsets {
  /// The offset of the boot clock, in nanoseconds.
  let boot: Int64

  /// Parses the text; returns nil if it contains no valid offset of the boot clock.
  init?(_ text: [UInt8]) {
    for line in text.split(separator: 0x0A) {
      let fields = line.split(separator: 0x20)
      // Linux 5.6 identifies clocks by number.
      guard fields.count == 3,
        fields[0].elementsEqual("boottime".utf8) || fields[0].elementsEqual("7".utf8)
      else { continue }
      guard let seconds = Int64(String(decoding: fields[1], as: UTF8.self)),
        let nanoseconds = Int64(String(decoding: fields[2], as: UTF8.self)),
        (0..<1_000_000_000).contains(nanoseconds)
      else { return nil }
      let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      let (sum, isTooMuch) = product.addingReportingOverflow(nanoseconds)
      guard !overflow, !isTooMuch else { return nil }
      boot = sum
      return
    }
    return nil
  }
}
