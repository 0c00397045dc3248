// Parses the table of mounts (/proc/PID/mountinfo): well-formed, truncated and malformed.

import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct MountInfoTests {
  private static let good = #"""
    22 27 0:21 / /proc rw,relatime - proc proc rw
    27 1 254:0 / / rw,relatime shared:7 master:2 - ext4 /dev/vda rw,discard
    41 27 0:4 net:[4026532458] /run/netns/a rw shared:2 - nsfs nsfs rw
    42 27 0:4 mnt:[4026532460] /a\040b\011c\012d\134040\043 rw - nsfs nsfs rw
    43 27 0:40 / /home rw,nosuid - fuse.sshfs me@there:/ rw,user_id=0

    """#

  private func entries(_ text: String) -> [MountInfo.Entry] { MountInfo(Array(text.utf8)).entries }

  private static let path = Array("/a b\tc\nd\\040#".utf8)

  @Test("mounts of namespaces are found with their paths unescaped")
  func found() {
    let table = MountInfo(Array(Self.good.utf8))
    #expect(
      table.entries == [
        .init(type: .net, inode: 4_026_532_458, path: Array("/run/netns/a".utf8)),
        .init(type: .mnt, inode: 4_026_532_460, path: Self.path),
      ])
    #expect(table.rootTypes == [Array("ext4".utf8)])
  }

  @Test("a truncated table gives the mounts of its complete lines")
  func prefixes() {
    let text = Array(Self.good.utf8)
    let all = MountInfo(text).entries
    for length in 0...text.count {
      let whole = text[..<length].split(separator: 0x0A, omittingEmptySubsequences: false)
        .dropLast().count
      let expected = whole >= 4 ? 2 : whole >= 3 ? 1 : 0
      #expect(MountInfo(Array(text[..<length])).entries == Array(all.prefix(expected)))
    }
  }

  @Test("mounts of each type of namespace are found", arguments: NamespaceType.allCases)
  func types(type: NamespaceType) {
    let line = "1 2 0:4 \(type):[7] /x rw - nsfs nsfs rw\n"
    #expect(entries(line) == [.init(type: type, inode: 7, path: Array("/x".utf8))])
  }

  @Test(
    "a line that is malformed or of another mount gives no mount",
    arguments: [
      "1 2 0:4 net:[7] /x rw - ext4 nsfs rw", "1 2 0:4 / /x rw - nsfs nsfs rw",
      "1 2 0:4 net:[7] /x rw nsfs nsfs rw", "1 2 0:4 net:[7] - nsfs nsfs rw",
      "1 2 0:4 net:[-7] /x rw - nsfs nsfs rw", "1 2 0:4 new:[7] /x rw - nsfs nsfs rw",
      "1 2 0:4 net:[7] x rw - nsfs nsfs rw", "1 2 0:4 net:[7] /x rw -", "- - - - - - - - -",
      "1 2 0:4 net:[99999999999999999999] /x rw - nsfs nsfs rw", "", "      ",
      "1 2 0:4 net:[7]  /x rw - nsfs nsfs rw",
    ])
  func none(line: String) {
    #expect(entries(line + "\n").isEmpty)
  }

  @Test("only a backslash with three octal digits up to 377 is an escape")
  func escapes() {
    func unescaped(_ text: String) -> [UInt8] { MountInfo.unescaped(Array(text.utf8)[...]) }
    #expect(unescaped(#"\040\377\000"#) == [0x20, 0xFF, 0])
    for odd in [#"\"#, #"\0"#, #"\04"#, #"\400"#, #"\048"#, #"\x41"#, #"\\"#] {
      #expect(unescaped(odd) == Array(odd.utf8))
    }
    // The result of an escape is not unescaped again.
    #expect(unescaped(#"\134040"#) == Array(#"\040"#.utf8))
  }

  @Test("random bytes never trap, and no more mounts are found than there are lines")
  func random() {
    var random = SeededRandom(seed: 11)
    let pieces = [
      "1 2 0:4 net:[7] /x rw - nsfs nsfs rw\n", "\n", " ", "-", "\\", "\\04", "\\012", "\0",
      "\u{FF}",
      "net:[", "]", "nsfs", "/", " - nsfs ", "4026532458",
    ].map { Array($0.utf8) }
    var hits = 0
    for _ in 0..<20000 {
      let count = Int.random(in: 0..<12, using: &random)
      let text = (0..<count).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
      let found = MountInfo(text).entries
      hits += found.count
      let lines = text.split(separator: 0x0A).count { $0.count >= 30 }
      #expect(found.count <= lines)
    }
    #expect(hits > 100)
  }
}
