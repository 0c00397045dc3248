// Processes that start, unshare, enter namespaces and exit on a seeded schedule, and the log of it.

import Foundation
import NamespaceModel
import TestSupport

struct Workload {
  static let types: [(NamespaceType, Int32)] = [
    (.net, CloneFlag.net), (.uts, CloneFlag.uts), (.ipc, CloneFlag.ipc), (.mnt, CloneFlag.mnt),
    (.cgroup, CloneFlag.cgroup),
  ]
  /// The types that a process can only start in, not move to.
  static let startTypes: [(NamespaceType, Int32)] = [
    (.user, CloneFlag.user), (.pid, CloneFlag.pid), (.time, CloneFlag.time),
  ]
  /// For this long, in nanoseconds, no process returns to a namespace that it left. It is longer than any time
  /// between two samples that is not a gap: samples cannot show that a process left and returned in between, so no
  /// test may ask for it.
  static let minimumTimeBeforeReturn: Int64 = 1_500_000_000
  static let host = Dictionary(uniqueKeysWithValues: NamespaceType.allCases.map { ($0, 0) })

  private(set) var log: TruthLog
  private let minimumTimeBeforeReturn: Int64
  private var random: SeededRandom
  private var processes: [(process: TestProcess, history: Int)] = []
  private var lastName = 0
  private var left: [Int: [NamespaceType: [Int: WallTime]]] = [:]

  /// Makes a workload that has no process yet.
  ///
  /// - Parameters:
  ///   - minimumTimeBeforeReturn: for how long no process returns to a namespace that it left.
  ///   - types: the types of namespaces between which the processes move, or in which they start.
  init(
    seed: UInt64, minimumTimeBeforeReturn: Int64 = Self.minimumTimeBeforeReturn,
    types: [NamespaceType] = Self.types.map(\.0)
  ) {
    random = SeededRandom(seed: seed &* 977)
    self.minimumTimeBeforeReturn = minimumTimeBeforeReturn
    log = TruthLog(types: types)
  }

  mutating func play(seconds: Double) throws {
    let end = ClockReading.now().wall + Int64(seconds * 1e9)
    while ClockReading.now().wall < end { try step(pause: 0.002...0.05) }
  }

  /// Makes this many steps, one after another.
  mutating func play(steps: Int) throws {
    while log.histories.actionCount < steps { try step(pause: 0...0.002) }
  }

  private mutating func step(pause: ClosedRange<Double>) throws {
    try step()
    Thread.sleep(forTimeInterval: Double.random(in: pause, using: &random))
  }

  private mutating func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case _ where processes.count < 4: try start()
    case 0 where processes.count < 12: try start()
    case 1:
      let actor = processes.remove(at: Int.random(in: processes.indices, using: &random))
      try record(actor.history, to: nil) { try actor.process.exit() }
      // Half of the time its PID is reused at once.
      if Bool.random(using: &random) { try start(reusing: actor.process.pid) }
    case 2...5: try unshare()
    default: try enter()
    }
  }

  private mutating func start(reusing pid: Int32? = nil) throws {
    let began = ClockReading.now().wall
    var namespaces = Self.host
    let process =
      if let pid { try TestProcess(preferring: pid) } else {
        try TestProcess(in: newStartNamespaces(&namespaces))
      }
    log.histories.append(
      .init(
        pid: process.pid,
        actions: [.init(began: began, done: ClockReading.now().wall, namespaces: namespaces)]))
    processes.append((process, log.histories.count - 1))
  }

  /// Sometimes adds new namespaces of the types that a process can only start in.
  private mutating func newStartNamespaces(_ namespaces: inout [NamespaceType: Int]) -> Int32 {
    var flags: Int32 = 0
    for (type, flag) in Self.startTypes
    where log.types.contains(type) && Int.random(in: 0..<3, using: &random) == 0 {
      lastName += 1
      namespaces[type] = lastName
      flags |= flag
    }
    return flags
  }

  private mutating func unshare() throws {
    let actor = processes[Int.random(in: processes.indices, using: &random)]
    var namespaces = log.histories[actor.history].actions.last?.namespaces ?? Self.host
    var flags: Int32 = 0
    for (type, flag) in Self.types where Bool.random(using: &random) {
      lastName += 1
      leave(actor.history, type, namespaces[type] ?? 0)
      namespaces[type] = lastName
      flags |= flag
    }
    guard flags != 0 else { return }
    try record(actor.history, to: namespaces) { try actor.process.unshare(flags) }
  }

  private mutating func enter() throws {
    let actor = processes[Int.random(in: processes.indices, using: &random)]
    let target = processes[Int.random(in: processes.indices, using: &random)]
    guard actor.history != target.history,
      let there = log.histories[target.history].actions.last?.namespaces,
      var namespaces = log.histories[actor.history].actions.last?.namespaces,
      // Skips a process in its own user or pid namespace: it may not enter the others' namespaces, and sees other
      // PIDs.
      namespaces[.user] == 0, namespaces[.pid] == 0
    else { return }
    var flags: Int32 = 0
    let now = ClockReading.now().wall
    for (type, flag) in Self.types where Bool.random(using: &random) {
      guard let name = there[type], name != namespaces[type] else { continue }
      if let since = left[actor.history]?[type]?[name], now - since < minimumTimeBeforeReturn {
        continue
      }
      leave(actor.history, type, namespaces[type] ?? 0)
      namespaces[type] = name
      flags |= flag
    }
    guard flags != 0 else { return }
    try record(actor.history, to: namespaces) { try actor.process.enter(target.process.pid, flags) }
  }

  private mutating func leave(_ history: Int, _ type: NamespaceType, _ name: Int) {
    left[history, default: [:]][type, default: [:]][name] = ClockReading.now().wall
  }

  private mutating func record(
    _ history: Int, to namespaces: [NamespaceType: Int]?, _ body: () throws -> Void
  ) throws {
    let began = ClockReading.now().wall
    try body()
    log.histories[history].actions.append(
      .init(began: began, done: ClockReading.now().wall, namespaces: namespaces))
  }
}

extension [TruthLog.TaskHistory] {
  /// The number of their steps.
  var actionCount: Int { reduce(0) { $0 + $1.actions.count } }
}
