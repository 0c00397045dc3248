// Parses /proc/PID/status, and the mount options of /proc.

import Testing

@testable import Procfs

struct StatusTextTests {
  private static let text =
    "Name:\tfoo\\nUid:\\t7\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4711\t12\t1\n"

  @Test("the effective user ID and the PIDs in nested pid namespaces are read")
  func good() throws {
    let status = try #require(StatusText(Array(Self.text.utf8)))
    #expect(status.uid == 1001)
    #expect(status.nspid == [4711, 12, 1])
  }

  @Test("a kernel before 4.1 has no NSpid")
  func noNSpid() {
    #expect(StatusText(Array("Uid:\t0\t0\t0\t0\n".utf8))?.nspid == [])
  }

  @Test("a truncated file is not parsed unless the line of user IDs is complete")
  func prefixes() throws {
    let bytes = Array(Self.text.utf8)
    let uidEnd = try #require(Self.text.firstRange(of: "1003\n")).upperBound.utf16Offset(
      in: Self.text)
    for length in 0..<bytes.count {
      let cut = StatusText(Array(bytes[..<length]))
      #expect((cut != nil) == (length >= uidEnd), "cut at \(length)")
      if let cut { #expect(cut.nspid == []) }
    }
  }

  @Test(
    "hidepid is read from the mount of /proc that has this device number",
    arguments: [
      ("rw,hidepid=2", HidePID.invisible), ("rw,hidepid=invisible,gid=5", .invisible),
      ("rw,hidepid=1", .noAccess), ("rw,hidepid=ptraceable", .ptraceable), ("rw", .off),
      ("rw,hidepid=off", .off), ("rw,hidepid=9", nil),
    ])
  func hidePID(options: String, expected: HidePID?) {
    let table = """
      20 1 0:5 / /proc rw,relatime shared:5 - proc proc rw,hidepid=4
      21 1 0:6 / /a\\040b rw,relatime - proc proc \(options)
      22 1 0:7 / /proc/x rw - proc proc rw,hidepid=4
      23 1 0:8 / /proc rw - tmpfs proc rw,hidepid=4
      short line
      """
    func read(_ device: String) -> HidePID? {
      HidePID(mountinfo: Array(table.utf8), device: device)
    }
    #expect(read("0:6") == expected)
    #expect(read("0:5") == .ptraceable)
    #expect(read("0:8") == nil && read("0:9") == nil && read("line") == nil)
  }
}
