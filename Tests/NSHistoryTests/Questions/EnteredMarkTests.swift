// The mark `joined`. A process that returns to a namespace is not marked if it is certain that no other process was
// there in between.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EnteredMarkTests {
  private let history: EventfulHistory

  init() throws {
    history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1), (10, -1)], isExact: false)
  }

  private func move(_ pid: Int32, at time: Double, net: UInt64? = nil) throws {
    _ = try history.write([
      ProcessEvent(
        boot: EventfulHistory.reading(time).boot,
        .moved(
          ProcessToken(number: UInt64(pid)), ObservedSet(links: history.links(pid, net: net))))
    ])
  }

  /// Returns the marks of the last move of process 10 into the namespace.
  private func marks() throws -> [NamespaceChange.Mark]? {
    try history.end().allChanges(.init(types: [.net]))
      .last { $0.process?.pid == 10 && $0.parts.first?.to?.inode == 4_026_533_005 }?.marks
  }

  @Test("a return to a namespace in which no other process was is not marked")
  func alone() throws {
    try move(10, at: 1, net: 5)
    try move(10, at: 2)
    try move(10, at: 3, net: 5)
    #expect(try marks() == [])
  }

  @Test("a return to a namespace in which another process was meanwhile is marked")
  func afterVisitor() throws {
    try move(10, at: 1, net: 5)
    try move(10, at: 2)
    try move(2, at: 3, net: 5)
    try move(2, at: 4)
    try move(10, at: 5, net: 5)
    #expect(try marks() == [.joined])
  }

  @Test("a return is marked if a process was meanwhile in a namespace of that inode without an ID")
  func afterUnknownVisitor() throws {
    try move(10, at: 1, net: 5)
    try move(10, at: 2)
    var links = history.links(2, net: 5)
    links[Int(NamespaceLink.net.rawValue)] = .namespace(
      ObservedNamespace(
        type: .net, inode: 4_026_533_005, kernelID: nil, inodeGeneration: 1 << 40,
        isInitial: false))
    _ = try history.write([
      ProcessEvent(
        boot: EventfulHistory.reading(3).boot,
        .moved(ProcessToken(number: 2), ObservedSet(links: links))),
      ProcessEvent(
        boot: EventfulHistory.reading(3.5).boot, .exited(ProcessToken(number: 2), mayResume: false)),
    ])
    try move(10, at: 5, net: 5)
    #expect(try marks() == [.joined])
  }

  @Test("a return after a gap is marked, since another process may have been there")
  func overGap() throws {
    try move(10, at: 1, net: 5)
    try move(10, at: 2)
    _ = try history.sample(4, [], gap: .eventsLost)
    try move(10, at: 5, net: 5)
    #expect(try marks() == [.joined])
  }

  @Test(
    "a return to where a process was at the first sample is marked: earlier processes are not known"
  )
  func fromTheBeginning() throws {
    let history = try EventfulHistory()
    var sample = ProcessSample(start: EventfulHistory.reading(0))
    var arrival = history.appearance(10, -1)
    arrival.links = history.links(10, net: 5)
    sample.appeared = [arrival]
    _ = try history.writer.write(sample, SampleTiming())
    for (time, net) in [(1.0, nil), (2, 5)] as [(Double, UInt64?)] {
      _ = try history.write([
        ProcessEvent(
          boot: EventfulHistory.reading(time).boot,
          .moved(ProcessToken(number: 10), ObservedSet(links: history.links(10, net: net))))
      ])
    }
    let moves = try history.end().allChanges(.init(types: [.net])).filter { $0.kind == .moved }
    #expect(moves.last?.marks == [.joined], "\(moves)")
  }
}
