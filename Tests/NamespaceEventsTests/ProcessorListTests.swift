// Lists of processors, well-formed and malformed.

import SystemPackage
import TestSupport
import Testing

@testable import NamespaceEvents

struct ProcessorListTests {
  @Test("lists as the kernel writes them are parsed")
  func good() {
    func parse(_ text: String) -> [Int32]? { ProcessorList.parse(Array(text.utf8)[...]) }
    #expect(parse("0\n") == [0])
    #expect(parse("0") == [0])
    #expect(parse("0-3\n") == [0, 1, 2, 3])
    #expect(parse("1,3-4,65535\n") == [1, 3, 4, 65535])
  }

  @Test(
    "a malformed list is refused",
    arguments: [
      "", "\n", ",", "0,", "-", "0-", "-3", "3-0", "0,0", "2,1", "0--1", "a", "0-3 ", "0\n\n",
      "65536", "4294967296", "0-99999999999999999999",
    ])
  func bad(text: String) {
    #expect(ProcessorList.parse(Array(text.utf8)[...]) == nil)
  }

  @Test("the error for a missing or empty list names its path")
  func files() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("none")
    #expect(
      throws: EventsError(
        operation: .list(path: missing), processor: nil, errno: .noSuchFileOrDirectory)
    ) { try EventListener(ringBytes: 1, processors: missing) }
    #expect(
      throws: EventsError(
        operation: .list(path: "/dev/null"), processor: nil, errno: .invalidArgument)
    ) { try ProcessorList.read("/dev/null") }
  }
}
