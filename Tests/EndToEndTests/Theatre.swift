// Processes that start, unshare, enter and exit on a seeded schedule, and the log of it.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport

/// What really happened, by the wall clock.
struct TruthLog {
  /// One process: what it did, in order.
  struct Life {
    let pid: Int32
    var acts: [Act]
  }

  /// A step that was taken at some moment from `began` to `done`.
  struct Act {
    let began: Int64
    let done: Int64
    /// Where the process is from then on; nil when it has exited. A name is one namespace.
    let places: [NamespaceType: Int]?
  }

  var lives: [Life] = []

  /// Where a process with this PID was; nil when none was there, or when it was just changing.
  enum Truth: Equatable {
    case at([NamespaceType: Int])
    case away
    case changing
  }

  func truth(_ pid: Int32, at time: Int64) -> Truth {
    var truth = Truth.away
    for life in lives where life.pid == pid {
      for act in life.acts where act.began <= time {
        if time <= act.done { return .changing }
        truth = act.places.map(Truth.at) ?? .away
      }
    }
    return truth
  }

  /// Whether a recorded process is one of the log's.
  func knows(_ process: ProcessRecord) -> Bool {
    let grain: Int64 = 20_000_000
    return lives.contains { life in
      guard life.pid == process.pid, let birth = life.acts.first, let start = process.start else {
        return false
      }
      return start >= birth.began - grain && start <= birth.done + grain
    }
  }

  /// The process that had a PID at a time.
  func life(_ pid: Int32, at time: Int64) -> Life? {
    lives.last { $0.pid == pid && ($0.acts.first?.began ?? Int64.max) <= time }
  }

  /// Whether a process with this PID started, moved or exited in a time.
  func changed(_ pid: Int32, from start: Int64, to end: Int64) -> Bool {
    lives.contains { life in
      life.pid == pid && life.acts.contains { $0.began <= end && $0.done >= start }
    }
  }
}

struct Theatre {
  static let types: [(NamespaceType, Int32)] = [
    (.net, CloneFlag.net), (.uts, CloneFlag.uts), (.ipc, CloneFlag.ipc), (.mnt, CloneFlag.mnt),
    (.cgroup, CloneFlag.cgroup),
  ]
  /// Longer than any time between two samples that is not a gap: nobody goes back unseen to where
  /// it was. That is what polling cannot tell, and no test can ask of it.
  static let homesickness: Int64 = 1_500_000_000
  static let host = Dictionary(uniqueKeysWithValues: types.map { ($0.0, 0) })

  private(set) var log = TruthLog()
  private var random: SeededRandom
  private var cast: [(puppet: Puppet, life: Int)] = []
  private var lastName = 0
  private var left: [Int: [NamespaceType: [Int: Int64]]] = [:]

  init(seed: UInt64) { random = SeededRandom(seed: seed &* 977) }

  mutating func play(seconds: Double) throws {
    let end = ClockReading.now().wall + Int64(seconds * 1e9)
    while ClockReading.now().wall < end {
      try step()
      Thread.sleep(forTimeInterval: Double.random(in: 0.002...0.05, using: &random))
    }
  }

  private mutating func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case _ where cast.count < 4: try start()
    case 0 where cast.count < 12: try start()
    case 1:
      let actor = cast.remove(at: Int.random(in: cast.indices, using: &random))
      try act(actor.life, to: nil) { try actor.puppet.exit() }
      // Half of the time its PID is used again at once.
      if Bool.random(using: &random) { try start(reusing: actor.puppet.pid) }
    case 2...5: try unshare()
    default: try enter()
    }
  }

  private mutating func start(reusing pid: Int32? = nil) throws {
    let began = ClockReading.now().wall
    let reused = try pid.flatMap { try Puppet.reusing($0, attempts: 1) }
    let puppet = if let reused { reused } else { try Puppet() }
    log.lives.append(
      .init(
        pid: puppet.pid,
        acts: [.init(began: began, done: ClockReading.now().wall, places: Self.host)]))
    cast.append((puppet, log.lives.count - 1))
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
      var places = log.lives[actor.life].acts.last?.places
    else { return }
    var flags: Int32 = 0
    let now = ClockReading.now().wall
    for (type, flag) in Self.types where Bool.random(using: &random) {
      guard let name = there[type], name != places[type] else { continue }
      if let since = left[actor.life]?[type]?[name], now - since < Self.homesickness { continue }
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
