// Inode numbers and PIDs that the kernel reuses, on the live system.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct ReuseTests {
  @Test("two successive namespaces with one inode number are different")
  func inodeReuse() throws {
    // On a busy machine the recorder may stop for longer than an interval. The range then has a gap, and the answer is
    // rightly unknown; as it is if a sample sees the second process before that has left its initial namespace.
    for _ in 0..<5 {
      guard let (answer, inode) = try answerAboutReusedInode() else { continue }
      #expect(answer.types[0].verdict == .different, "\(answer.types[0])")
      let namespaces = answer.types[0].namespaces.map(\.namespace).filter { $0.isInitial != true }
      #expect(Set(namespaces.map(\.inode)) == [inode])
      #expect(Set(namespaces.map(\.id)).count == 2)
      return
    }
    try Test.cancel("each of five recordings has a gap, or saw the second process before it moved")
  }

  /// Records two successive namespaces with one inode number, and asks whether they are the same. Returns nil if the
  /// recording has a gap, or a sample that saw the second process before it moved.
  private func answerAboutReusedInode() throws -> (SameAnswer, UInt64)? {
    // Events would also report that both were in the initial namespace first.
    let recording = try LiveRecording(["--events", "off"])
    let first = try TestProcess()
    try first.unshare(CloneFlag.net)
    let inode = try Self.netInode(first.pid)
    // Waits, because before these samples the first process may be seen in its initial namespace, as the second one
    // later.
    try recording.waitForSamples(2)
    let began = ClockReading.now().wall
    try recording.waitForSamples(2)
    let seen = ClockReading.now().wall
    try first.exit()
    try recording.waitForSamples(2)

    // The kernel frees the inode number some time after the last process has left.
    var second: TestProcess?
    for _ in 0..<400 where second == nil {
      let candidate = try TestProcess()
      try candidate.unshare(CloneFlag.net)
      if try Self.netInode(candidate.pid) == inode {
        second = candidate
      } else {
        try candidate.exit()
      }
    }
    guard let second else {
      try Test.cancel("the kernel did not give the inode number \(inode) out again")
    }
    try recording.waitForSamples(2)
    let reader = try recording.end()
    let answer = try reader.same(
      .init(
        pids: [.init(pid: Int64(first.pid), alive: seen), .init(pid: Int64(second.pid))],
        time: .range(since: began, until: nil), types: [.net]))
    let gaps = try Recording.texts(
      "SELECT seq FROM sample WHERE gap IS NOT NULL", in: recording.database)
    var intervals = 0
    try reader.history(.pid(Int64(second.pid))) { _ in
      intervals += 1
      return true
    }
    return gaps.isEmpty && intervals == 1 ? (answer, inode) : nil
  }

  @Test("one PID that was two processes has two histories")
  func pidReuse() throws {
    let recording = try LiveRecording()
    let bystander = try TestProcess()
    let first = try TestProcess()
    try recording.waitForSamples(2)
    let duringFirst = ClockReading.now().wall
    try recording.waitForSamples(1)
    try first.exit()

    guard let second = try TestProcess.reusing(first.pid) else {
      try Test.cancel("PID \(first.pid) could not be had again")
    }
    try second.unshare(CloneFlag.uts)
    try recording.waitForSamples(2)
    let duringSecond = ClockReading.now().wall
    try recording.waitForSamples(1)
    let reader = try recording.end()

    func ask(_ selector: SameQuestion.Selector, _ time: SameQuestion.Time) throws -> SameAnswer {
      try reader.same(
        .init(pids: [selector, .init(pid: Int64(bystander.pid))], time: time, types: [.uts]))
    }
    let pid = Int64(first.pid)
    #expect(try ask(.init(pid: pid), .at(duringFirst)).verdict == .same)
    #expect(try ask(.init(pid: pid), .at(duringSecond)).verdict == .different)
    let both = try ask(.init(pid: pid), .range(since: nil, until: nil))
    // Another process of the machine may have had the PID between the two.
    #expect(both.processes[0].count >= 2)
    // They were together at times, but not throughout.
    #expect(both.types[0].verdict == .same && both.verdict == .different)
    #expect(both.types[0].intervals.allSatisfy { $0.until <= duringSecond })
    let later = try ask(.init(pid: pid, alive: duringSecond), .at(duringSecond))
    #expect(later.processes[0].count == 1)
    #expect(later.verdict == .different)
    #expect(try ask(.init(pid: pid, alive: duringSecond), .at(duringFirst)).verdict == .unknown)
  }

  static func netInode(_ pid: Int32) throws -> UInt64 {
    var status = stat()
    guard stat("/proc/\(pid)/ns/net", &status) == 0 else {
      throw NeverHappened(what: "ns/net of \(pid)")
    }
    return UInt64(status.st_ino)
  }
}
