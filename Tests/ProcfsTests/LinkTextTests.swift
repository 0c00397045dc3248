// Parses the text of a namespace link: well-formed, truncated and malformed.

import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct LinkTextTests {
  private func inode(_ text: [UInt8], _ type: NamespaceType = .net) -> UInt64? {
    LinkText.inode(in: text.span, of: type)
  }

  @Test("a good link of each type gives its inode number", arguments: NamespaceType.allCases)
  func good(type: NamespaceType) {
    #expect(inode(Array("\(type):[4026531840]".utf8), type) == 4_026_531_840)
    for other in NamespaceType.allCases where other != type {
      #expect(inode(Array("\(type):[4026531840]".utf8), other) == nil)
    }
  }

  @Test("a truncated link is not parsed")
  func prefixes() {
    let good = Array("net:[4026531840]".utf8)
    for length in 0..<good.count { #expect(inode(Array(good[..<length])) == nil) }
  }

  @Test(
    "a text that only resembles a link is no link",
    arguments: [
      "net:[]", "net:[-1]", "net:[1]x", "net: [1]", "net:[1 ]", "net:(1)", "net:[0x1]",
      "net:[99999999999999999999]", "/dev/null", "socket:[1]", "NET:[1]", "net:[1]\0",
    ])
  func bad(text: String) {
    #expect(inode(Array(text.utf8)) == nil)
  }

  @Test("the largest number that has nineteen digits is read whole")
  func large() {
    #expect(inode(Array("net:[9999999999999999999]".utf8)) == 9_999_999_999_999_999_999)
  }

  @Test("random texts never trap, and give an inode number only if they are a link")
  func random() {
    var random = SeededRandom(seed: 7)
    let alphabet = Array("net:[]0123456789".utf8)
    for _ in 0..<20000 {
      let length = Int.random(in: 0..<24, using: &random)
      let text = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      guard let number = inode(text) else { continue }
      let spelled = String(decoding: text, as: UTF8.self)
      #expect(spelled.hasPrefix("net:[") && spelled.hasSuffix("]"))
      #expect(UInt64(spelled.dropFirst(5).dropLast()) == number)
    }
  }
}
