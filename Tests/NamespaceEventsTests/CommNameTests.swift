// The names of threads (comm), made from bytes and read from event records.

import Testing

@testable import NamespaceEvents

struct CommNameTests {
  @Test(
    "a name returns the bytes that it was made of",
    arguments: [
      [], [0x61], Array("sleep".utf8), Array("12345678".utf8), Array("123456789".utf8),
      Array("123456789012345".utf8), Array("1234567890123456".utf8), [0xFF, 0xC3, 0x28, 0x0A],
    ])
  func bytes(bytes: [UInt8]) {
    #expect(CommName(bytes).bytes == bytes)
    #expect(CommName(bytes + [0]) == CommName(bytes))
    #expect(fromRecord(bytes)?.bytes == bytes)
    #expect(fromRecord(bytes + [0, 0, 0]) == CommName(bytes))
  }

  @Test("a name ends at its first NUL")
  func embeddedNUL() {
    for end in 0..<16 {
      var bytes = [UInt8](repeating: 0x7A, count: 16)
      bytes[end] = 0
      #expect(CommName(bytes).bytes == Array(bytes.prefix(end)))
      #expect(fromRecord(bytes) == CommName(bytes))
    }
  }

  @Test("a name has at most 16 bytes")
  func long() {
    let bytes = Array("12345678901234567890".utf8)
    #expect(CommName(bytes).bytes == Array(bytes.prefix(16)))
    #expect(fromRecord(bytes) == CommName(bytes))
  }

  private func fromRecord(_ field: [UInt8]) -> CommName? {
    guard case .comm(let name, _)? = RecordBytes.event(RecordBytes.comm(field))?.kind else {
      return nil
    }
    return name
  }
}
