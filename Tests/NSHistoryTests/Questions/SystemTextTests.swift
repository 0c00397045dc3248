// Text from the system (names, paths), escaped so that it is harmless and that the bytes can be recovered.

import NSHistory
import TestSupport
import Testing

struct SystemTextTests {
  @Test(
    "control characters, invalid UTF-8 and backslashes are escaped",
    arguments: [
      (Array("foo )bar".utf8), "foo )bar"), (Array("foo\nbar".utf8), "foo\\nbar"),
      (Array("a\\nb".utf8), "a\\\\nb"), (Array("\u{1B}[31mred".utf8), "\\x1b[31mred"),
      ([0xFF, 0x41], "\\xffA"), ([0xC3], "\\xc3"), ([0xE2, 0x82], "\\xe2\\x82"),
      (Array("ünï💥".utf8), "ünï💥"), (Array("\u{202E}x".utf8), "\\xe2\\x80\\xaex"),
      (Array("\u{9B}31m".utf8), "\\xc2\\x9b31m"), ([0xC0, 0x80], "\\xc0\\x80"), ([0], "\\x00"),
      ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), (Array("a\tb\r".utf8), "a\\x09b\\x0d"),
    ] as [([UInt8], String)])
  func names(bytes: [UInt8], expected: String) {
    #expect(SystemText.escaped(bytes) == expected)
  }

  @Test("escaping keeps any two texts of up to two bytes distinct and makes them printable")
  func injective() {
    // Compares bytes, because Swift treats canonically equivalent strings as equal.
    var seen: Set<[UInt8]> = [[]]
    var count = 1
    for first in UInt8.min...UInt8.max {
      seen.insert(Array(SystemText.escaped([first]).utf8))
      count += 1
      for second in UInt8.min...UInt8.max {
        let text = SystemText.escaped([first, second])
        #expect(isPrintable(text))
        seen.insert(Array(text.utf8))
        count += 1
      }
    }
    #expect(seen.count == count)
  }

  @Test("the bytes of random texts can be recovered")
  func random() {
    var random = SeededRandom(seed: 3)
    let alphabet: [UInt8] = Array("\\nx0a".utf8) + [0x0A, 0x0D, 0xFF, 0xC3, 0xBC, 0xE2, 0x80, 0xAE]
    for _ in 0..<5000 {
      let length = Int.random(in: 0..<12, using: &random)
      let bytes = (0..<length).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      let text = SystemText.escaped(bytes)
      #expect(isPrintable(text))
      #expect(SystemText.bytes(text) == bytes)
    }
  }

  @Test(
    "a sequence that escaping never makes is read literally",
    arguments: ["\\", "\\x", "\\x4", "\\xG1", "\\q", "a\\", "\\X41", "\\x4G"])
  func foreign(text: String) { #expect(SystemText.bytes(text) == Array(text.utf8)) }

  private func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
        && $0.properties.generalCategory != .format
    }
  }
}
