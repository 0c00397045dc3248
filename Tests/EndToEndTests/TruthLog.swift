// The log of what processes did: what a recorder's file must agree with.

import NSHistory
import NamespaceModel

/// What really happened, by the wall clock.
struct TruthLog {
  /// One process: what it did, in order.
  struct TaskHistory {
    let pid: Int32
    var acts: [Act]

    /// Whether a recorded process has the PID, and started when this one did: the clock ticks of a recorded
    /// start are 10 ms long.
    func mayBe(_ process: ProcessRecord) -> Bool {
      let grain: Int64 = 20_000_000
      guard pid == process.pid, let first = acts.first, let start = process.start else {
        return false
      }
      return start >= first.began - grain && start <= first.done + grain
    }
  }

  /// A step that was taken at some moment from `began` to `done`.
  struct Act {
    let began: WallTime
    let done: WallTime
    /// Where the process is from then on; nil when it has exited. A name is one namespace.
    let places: [NamespaceType: Int]?
    /// Whether its main thread has exited, and others have not.
    var isZombie = false
  }

  var lives: [TaskHistory] = []
  /// The types that it tells of.
  var types: [NamespaceType]
  /// How far from a step its time may be reported, in nanoseconds.
  var margin: Int64 = 0
  /// See `findDisputedPIDs`.
  private(set) var disputed: Set<Int64> = []

  init(types: [NamespaceType]) { self.types = types }

  /// Where a process with this PID was; nil when none was there, or when it was just changing.
  enum Truth: Equatable {
    case at([NamespaceType: Int])
    case zombie
    case away
    case changing
  }

  func truth(_ pid: Int32, at time: WallTime) -> Truth {
    var truth = Truth.away
    for life in lives where life.pid == pid {
      for act in life.acts where act.began - margin <= time {
        if time <= act.done + margin { return .changing }
        truth = act.isZombie ? .zombie : act.places.map(Truth.at) ?? .away
      }
    }
    return truth
  }

  /// Whether a recorded process is certainly one of the log's.
  func knows(_ process: ProcessRecord) -> Bool {
    !disputed.contains(process.pid) && lives.contains { $0.mayBe(process) }
  }

  /// Finds the PIDs that are disputed: other tests start processes too, and the same PID may be given to
  /// one of theirs and one of the log's within the time that a recorded start is off. Nobody can tell
  /// afterwards which of the two is which, so `knows` is false for both.
  mutating func findDisputedPIDs(in reader: HistoryReader) throws {
    for pid in Set(lives.map(\.pid)) {
      var own = lives.filter { $0.pid == pid }
      for process in try reader.processes(.pid(Int64(pid))) {
        if let index = own.firstIndex(where: { $0.mayBe(process) }) {
          own.remove(at: index)
        } else if lives.contains(where: { $0.mayBe(process) }) {
          disputed.insert(Int64(pid))
        }
      }
    }
  }

  /// The process that had a PID at a time.
  func life(_ pid: Int32, at time: WallTime) -> TaskHistory? {
    lives.last { $0.pid == pid && ($0.acts.first?.began ?? .max) <= time }
  }

  /// Whether a process with this PID moved twice or more in a time.
  func hasReturned(_ pid: Int32, from start: WallTime, to end: WallTime) -> Bool {
    lives.contains { life in
      life.pid == pid && life.acts.count { $0.began <= end && $0.done >= start } > 1
    }
  }

  /// Whether a process with this PID started, moved or exited in a time.
  func changed(_ pid: Int32, from start: WallTime, to end: WallTime) -> Bool {
    lives.contains { life in
      life.pid == pid && life.acts.contains { $0.began <= end && $0.done >= start }
    }
  }
}
