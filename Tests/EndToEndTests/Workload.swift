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
  static let birthplaces: [(NamespaceType, Int32)] = [
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
  private var cast: [(puppet: TestProcess, life: Int)] = []
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
    while log.lives.joinedActs < steps { try step(pause: 0...0.002) }
  }

  private mutating func step(pause: ClosedRange<Double>) throws {
    try step()
    Thread.sleep(forTimeInterval: Double.random(in: pause, using: &random))
  }

  private mutating func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case _ where cast.count < 4: try start()
    case 0 where cast.count < 12: try start()
    case 1:
      let actor = cast.remove(at: Int.random(in: cast.indices, using: &random))
      try act(actor.life, to: nil) { try actor.puppet.exit() }
      // Half of the time its PID is reused at once.
      if Bool.random(using: &random) { try start(reusing: actor.puppet.pid) }
    case 2...5: try unshare()
    default: try enter()
    }
  }

  private mutating func start(reusing pid: Int32? = nil) throws {
    let began = ClockReading.now().wall
    var places = Self.host
    let puppet =
      if let pid { try TestProcess(preferring: pid) } else {
        try TestProcess(in: birthplace(&places))
      }
    log.lives.append(
      .init(
        pid: puppet.pid,
        acts: [.init(began: began, done: ClockReading.now().wall, places: places)]))
    cast.append((puppet, log.lives.count - 1))
  }

  /// Sometimes adds new namespaces of the types that a process can only start in.
  private mutating func birthplace(_ places: inout [NamespaceType: Int]) -> Int32 {
    var flags: Int32 = 0
    for (type, flag) in Self.birthplaces
    where log.types.contains(type) && Int.random(in: 0..<3, using: &random) == 0 {
      lastName += 1
      places[type] = lastName
      flags |= flag
    }
    return flags
  }

  private mutating func unshare() throws {
    let actor = cast[Int.random(in: cast.indices, using: &random)]
    var places = log.lives[actor.life].acts.last?.places ?? Self.host
    var flags: Int32 = 0
    for (type, flag) in Self.types where Bool.random(using: &random) {
      lastName += 1
      leave(actor.life, type, places[type] ?? 0)
      places[type] = lastName
      flags |= flag
    }
    guard flags != 0 else { return }
    try act(actor.life, to: places) { try actor.puppet.unshare(flags) }
  }

  private mutating func enter() throws {
    let actor = cast[Int.random(in: cast.indices, using: &random)]
    let target = cast[Int.random(in: cast.indices, using: &random)]
    guard actor.life != target.life,
      let there = log.lives[target.life].acts.last?.places,
      var places = log.lives[actor.life].acts.last?.places,
      // Skips a process in its own user or pid namespace: it may not enter the others' namespaces, and sees other
      // PIDs.
      places[.user] == 0, places[.pid] == 0
    else { return }
    var flags: Int32 = 0
    let now = ClockReading.now().wall
    for (type, flag) in Self.types where Bool.random(using: &random) {
      guard let name = there[type], name != places[type] else { continue }
      if let since = left[actor.life]?[type]?[name], now - since < minimumTimeBeforeReturn {
        continue
      }
      leave(actor.life, type, places[type] ?? 0)
      places[type] = name
      flags |= flag
    }
    guard flags != 0 else { return }
    try act(actor.life, to: places) { try actor.puppet.enter(target.puppet.pid, flags) }
  }

  private mutating func leave(_ life: Int, _ type: NamespaceType, _ name: Int) {
    left[life, default: [:]][type, default: [:]][name] = ClockReading.now().wall
  }

  private mutating func act(
    _ life: Int, to places: [NamespaceType: Int]?, _ body: () throws -> Void
  ) throws {
    let began = ClockReading.now().wall
    try body()
    log.lives[life].acts.append(
      .init(began: began, done: ClockReading.now().wall, places: places))
  }
}

extension [TruthLog.TaskHistory] {
  /// The number of their steps.
  var joinedActs: Int { reduce(0) { $0 + $1.acts.count } }
}
