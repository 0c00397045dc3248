// The containers of a process as text, and the suggestions for a misspelt name.

import NSHistory
import Testing

@testable import nshist

@Suite struct ContainerTextTests {
  @Test("a container is named once, with the weaker sources only where no cgroup names it")
  func sources() throws {
    let (id, other) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
    let one = try #require(ContainerRecord(cgroup: Array("0::/docker/\(id)".utf8)))
    let two = try #require(ContainerRecord(cgroup: Array("0::/docker/\(other)".utf8)))
    let text = ProcessRecord.containerText
    #expect(text([(one, .namespaces), (one, .cgroup)]) == one.label)
    #expect(text([(one, .inherited), (one, .cgroup), (nil, nil)]) == "\(one.label) or none")
    #expect(
      text([(one, .namespaces), (two, .cgroup)]) == "\(one.label) (by namespaces) or \(two.label)")
    #expect(text([(one, .namespaces), (nil, nil)]) == "\(one.label) (by namespaces) or none")
    #expect(text([(nil, nil)]).isEmpty)
  }

  @Test("two exchanged letters are one mistake")
  func exchangedLetters() {
    #expect(UnknownName.nearest("wbe", ["tbd", "api", "web", "cache"]).first == "web")
    #expect(UnknownName.distance("wbe", "web") == 1)
    #expect(UnknownName.distance("web", "website") == 1)
    #expect(UnknownName.distance("", "abc") == 1)
    #expect(UnknownName.distance("kitten", "sitting") == 3)
    #expect(UnknownName.distance("abcd", "badc") == 2)
  }
}
