// A workload that is hard to record: makers of namespaces that exit at once, threads that leave and return, main
// threads that exit before the others, and a busy machine. Its log says in which namespaces each process was.

import Foundation
import NamespaceModel
import TestSupport

final class HardWorkload {
  private static let types: [(NamespaceType, Int32)] = [
    (.net, CloneFlag.net), (.uts, CloneFlag.uts), (.ipc, CloneFlag.ipc),
  ]

  private(set) var log = TruthLog(types: HardWorkload.types.map(\.0))
  private var random: SeededRandom
  private var actors: [Actor] = []
  private var lastName = 0

  private struct Actor {
    let process: TestProcess
    let history: Int
    var hasThread = false
    /// The types of which the thread has namespaces of its own, as CLONE_NEW* flags.
    var threadFlags: Int32 = 0
  }

  init(seed: UInt64) { random = SeededRandom(seed: seed &* 977) }

  /// Makes random steps for some seconds.
  func run(seconds: Double, pause: ClosedRange<Double> = 0.002...0.04) throws {
    let end = ClockReading.now().wall + Int64(seconds * 1e9)
    while ClockReading.now().wall < end {
      try step()
      Thread.sleep(forTimeInterval: Double.random(in: pause, using: &random))
    }
  }

  private func step() throws {
    switch Int.random(in: 0..<12, using: &random) {
    case _ where actors.count < 4: try start()
    case 0, 1: if actors.count < 14 { try start() }
    case 2: try exit()
    case 3: try endMainThread()
    case 4...6: try moveThread()
    case 7...8: try unshare()
    default: try enter()
    }
  }

  /// Starts a process in the initial namespaces, or as a daemon in new ones, whose maker has exited by then.
  private func start() throws {
    let began = ClockReading.now().wall
    var namespaces = Workload.host
    let flags = Int.random(in: 0..<3, using: &random) > 0 ? newNamespaces(&namespaces) : 0
    let process = try flags == 0 ? TestProcess() : TestProcess(asDaemonIn: flags)
    log.histories.append(
      .init(
        pid: process.pid,
        actions: [.init(began: began, done: ClockReading.now().wall, namespaces: namespaces)]))
    actors.append(Actor(process: process, history: log.histories.count - 1))
  }

  private func exit() throws {
    let actor = actors.remove(at: Int.random(in: actors.indices, using: &random))
    try record(actor.history, namespaces: nil) { try actor.process.exit() }
  }

  /// Lets the main thread exit, so that the process is a zombie until its other thread has exited too.
  private func endMainThread() throws {
    let index = Int.random(in: actors.indices, using: &random)
    try startThread(index)
    let actor = actors[index]
    guard let namespaces = log.histories[actor.history].actions.last?.namespaces else { return }
    try record(actor.history, namespaces: namespaces, isZombie: true) {
      try actor.process.exitMainThread()
    }
    Thread.sleep(forTimeInterval: Double.random(in: 0.02...0.4, using: &random))
    try exit(of: index)
  }

  private func exit(of index: Int) throws {
    let actor = actors.remove(at: index)
    try record(actor.history, namespaces: nil) { try actor.process.exit() }
  }

  private func startThread(_ index: Int) throws {
    guard !actors[index].hasThread else { return }
    _ = try actors[index].process.startThread()
    actors[index].hasThread = true
  }

  /// Moves a thread to namespaces of its own, or back. The namespaces of its process do not change.
  private func moveThread() throws {
    let index = Int.random(in: actors.indices, using: &random)
    try startThread(index)
    let actor = actors[index]
    if actor.threadFlags != 0 {
      try actor.process.returnThread(actor.threadFlags)
      actors[index].threadFlags = 0
    } else {
      actors[index].threadFlags = Self.types.randomElement(using: &random)?.1 ?? CloneFlag.net
      try actor.process.unshareInThread(actors[index].threadFlags)
    }
  }

  private func unshare() throws {
    let actor = actors[Int.random(in: actors.indices, using: &random)]
    guard var namespaces = log.histories[actor.history].actions.last?.namespaces else { return }
    let flags = newNamespaces(&namespaces)
    try record(actor.history, namespaces: namespaces) { try actor.process.unshare(flags) }
  }

  private func enter() throws {
    let actor = actors[Int.random(in: actors.indices, using: &random)]
    let target = actors[Int.random(in: actors.indices, using: &random)]
    guard actor.history != target.history,
      let there = log.histories[target.history].actions.last?.namespaces,
      var namespaces = log.histories[actor.history].actions.last?.namespaces
    else { return }
    var flags: Int32 = 0
    for (type, flag) in Self.types where there[type] != namespaces[type] {
      guard Bool.random(using: &random) else { continue }
      namespaces[type] = there[type]
      flags |= flag
    }
    guard flags != 0 else { return }
    try record(actor.history, namespaces: namespaces) {
      try actor.process.enter(target.process.pid, flags)
    }
  }

  private func newNamespaces(_ namespaces: inout [NamespaceType: Int]) -> Int32 {
    var flags: Int32 = 0
    for (type, flag) in Self.types where flags == 0 || Bool.random(using: &random) {
      lastName += 1
      namespaces[type] = lastName
      flags |= flag
    }
    return flags
  }

  private func record(
    _ history: Int, namespaces: [NamespaceType: Int]?, isZombie: Bool = false,
    _ body: () throws -> Void
  ) throws {
    let began = ClockReading.now().wall
    try body()
    log.histories[history].actions.append(
      .init(began: began, done: ClockReading.now().wall, namespaces: namespaces, isZombie: isZombie)
    )
  }
}
