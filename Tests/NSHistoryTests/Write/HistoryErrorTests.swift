// The text of an error that SQLite caused.

import NSHistory
import SQLite
import Testing

struct HistoryErrorTests {
  private func line(_ code: Int32) -> String {
    let failure = SQLiteError(
      extendedCode: code, message: "what SQLite says", operation: "SELECT\n  1 FROM \u{1b}t")
    return HistoryError(failure, "read", "/x/history.db").description
  }

  @Test("the text of an SQLite error ends with the extended code")
  func extendedCode() {
    // SQLITE_IOERR_WRITE
    #expect(
      line(778)
        == "cannot read /x/history.db: what SQLite says; check the device and the kernel's log "
        + "(SQLite code 778)")
  }

  @Test("an error that indicates a bug asks for a report and names the statement, in one line")
  func toBeReported() {
    // SQLITE_MISUSE
    let line = line(21)
    #expect(
      line.hasSuffix("report it, please (SQLite code 21 in: SELECT 1 FROM \\x1bt)"), "\(line)")
    #expect(!line.contains("\n"))
  }

  @Test("other errors have no code")
  func others() {
    let error = HistoryError(.busy, "record into", "/x", reason: "somebody has it", remedy: "wait")
    #expect(
      error.description == "cannot record into /x: somebody has it; wait" && error.sqlite == nil)
  }
}
