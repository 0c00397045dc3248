// The source, reading a fake /proc: situations that a live machine does not produce on demand.

import NamespaceModel
import Procfs
import TestSupport
import Testing

struct FakeSourceTests {
  private let proc: FakeProc

  init() throws { proc = try FakeProc() }

  private func source(descriptorBudget: Int? = nil) throws -> ProcfsSource {
    ProcfsSource(root: try ProcRoot(path: proc.path), descriptorBudget: descriptorBudget)
  }

  private func unread(_ links: [LinkState]) -> [NamespaceLink: UnreadReason] {
    var found: [NamespaceLink: UnreadReason] = [:]
    for (link, state) in zip(NamespaceLink.allCases, links) {
      if case .unread(let reason) = state { found[link] = reason }
    }
    return found
  }

  private func namespace(_ link: NamespaceLink, _ links: [LinkState]) -> ObservedNamespace? {
    if case .namespace(let namespace) = links[Int(link.rawValue)] { namespace } else { nil }
  }

  // With directories of processes held open, and with none.
  private static let budgets: [Int?] = [nil, 0]

  @Test("each change is reported once: appeared, changed, gone", arguments: budgets)
  func reportedOnce(budget: Int?) throws {
    let source = try source(descriptorBudget: budget)
    try proc.add(10)
    try proc.add(20, comm: Array("other".utf8))
    let first = try source.takeSample()
    #expect(first.appeared.map(\.facts.pid) == [10, 20])
    #expect(first.counts.processes == 2)
    #expect(first.counts.notHeldOpen == (budget == 0 ? 2 : 0))
    let token = first.appeared[0].token

    let second = try source.takeSample()
    #expect(second.appeared.isEmpty && second.changed.isEmpty && second.disappeared.isEmpty)

    try proc.setLinks(10, ["net": 4_026_532_500])
    let third = try source.takeSample()
    #expect(third.changed.map(\.token) == [token])
    #expect(namespace(.net, third.changed[0].links)?.inode == 4_026_532_500)

    try proc.remove(10)
    let fourth = try source.takeSample()
    #expect(fourth.disappeared == [token])
    #expect(fourth.counts.processes == 1)
    #expect(try source.takeSample().disappeared.isEmpty)
  }

  @Test("the name is read again in the second pass, and after a change", arguments: budgets)
  func describedAgain(budget: Int?) throws {
    let source = try source(descriptorBudget: budget)
    try proc.add(10, comm: Array("sh".utf8))
    #expect(try source.takeSample().appeared[0].description.comm == Array("sh".utf8))
    try proc.write("10/stat", Self.stat("nginx"))
    #expect(try source.takeSample().described.map(\.description.comm) == [Array("nginx".utf8)])
    #expect(try source.takeSample().described.isEmpty)
    try proc.setLinks(10, ["uts": 4_026_532_501])
    #expect(try source.takeSample().described.count == 1)
    #expect(try source.takeSample().described.count == 1)
    #expect(try source.takeSample().described.isEmpty)
  }

  private static func stat(_ comm: String) -> String {
    "10 (\(comm)) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0\n"
  }

  @Test("another start time is another process")
  func otherStart() throws {
    let source = try source(descriptorBudget: 0)
    try proc.add(10, start: 100)
    let first = try source.takeSample().appeared[0]
    try proc.add(10, start: 200)
    let second = try source.takeSample()
    #expect(second.disappeared == [first.token])
    #expect(second.appeared.map(\.facts.startTicks) == [200])
  }

  @Test("a zombie still has its pid and user namespace")
  func zombie() throws {
    let source = try source()
    try proc.add(10)
    try proc.add(20)
    _ = try source.takeSample()
    try proc.removeLinks(
      10,
      [
        "cgroup", "ipc", "mnt", "net", "pid_for_children", "time", "time_for_children", "uts",
      ])
    let links = try #require(try source.takeSample().changed.first).links
    #expect(Set(unread(links).values) == [.zombie])
    #expect(namespace(.pid, links) != nil && namespace(.user, links) != nil)
    #expect(unread(links).count == 8)
    #expect(try source.takeSample().changed.isEmpty)
  }

  @Test("a pid namespace for children that is not made yet is pending")
  func pending() throws {
    let source = try source()
    try proc.add(10)
    try proc.removeLinks(10, ["pid_for_children"])
    let links = try source.takeSample().appeared[0].links
    #expect(unread(links) == [.pidForChildren: .pending])
  }

  @Test("a link that no process has is unsupported")
  func unsupported() throws {
    let source = try source()
    try proc.add(10)
    try proc.removeLinks(10, ["time", "time_for_children"])
    let links = try source.takeSample().appeared[0].links
    #expect(unread(links) == [.time: .unsupported, .timeForChildren: .unsupported])
  }

  @Test("a namespace is initial if its inode number is a fixed one, or the one of kthreadd's")
  func initial() throws {
    try proc.add(2, comm: Array("kthreadd".utf8), parent: 0, flags: 0x20_8040)
    try proc.add(10, links: ["net": 4_026_532_500])
    let source = try source()
    let sample = try source.takeSample()
    #expect(sample.appeared[0].facts.isKernelThread)
    #expect(!sample.appeared[1].facts.isKernelThread)
    let links = sample.appeared[1].links
    #expect(namespace(.mnt, links)?.isInitial == true)
    #expect(namespace(.net, links)?.isInitial == false)
    #expect(namespace(.uts, links)?.isInitial == true)
  }

  @Test("a failed pass names the path, and the next reports all changes since the last sample")
  func failedPass() throws {
    let source = try source()
    try proc.add(10)
    try proc.add(15)
    try proc.add(20)
    let tokens = try source.takeSample().appeared.map(\.token)
    try proc.setLinks(10, ["net": 4_026_532_500])
    try proc.remove(15)
    try proc.add(30)
    let good = FakeProc.hostLinks["uts"] ?? 0
    try proc.breakLink(20, "uts")
    #expect { try source.takeSample() } throws: { error in
      "\(error)".contains("\(proc.path)/20/ns/uts")
    }
    try proc.removeLinks(20, ["uts"])
    try proc.setLinks(20, ["uts": good])
    let after = try source.takeSample()
    #expect(after.changed.map(\.token) == [tokens[0]])
    #expect(after.disappeared == [tokens[1]])
    #expect(after.appeared.map(\.facts.pid) == [30])
  }
}
