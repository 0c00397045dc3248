// The CSV parser on which other tests rely finds errors.

import TestSupport
import Testing

struct StrictCSVTests {
  @Test func goodText() throws {
    #expect(try StrictCSV.parse("") == [])
    #expect(try StrictCSV.parse("a,b\r\n1,\r\n,\"x\"\"y,\r\n\"\r\n").map(\.count) == [2, 2, 2])
    #expect(try StrictCSV.parse("\"x\"\"y,\r\n\"\r\n") == [["x\"y,\r\n"]])
  }

  @Test(arguments: [
    "a", "a\n", "a\r", "a,\r\nb", "a,b\r\nc\r\n", "a\"b\r\n", "\"a\r\n", "\"a\"b\r\n", "a,",
    "a\rb\r\n",
  ])
  func badText(text: String) {
    #expect(throws: NotCSV.self) { try StrictCSV.parse(text) }
  }
}
