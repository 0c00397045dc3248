// The log of what processes did: what a recorder's file must agree with.

import NSHistory
import NamespaceModel

/// What really happened, by the wall clock.
struct TruthLog {
  /// One process: what it did, in order.
  struct TaskHistory {
    let pid: Int32
    var acts: [Act]
  }

  /// A step that was taken at some moment from `began` to `done`.
  struct Act {
    let began: Int64
    let done: Int64
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

  /// Where a process with this PID was; nil when none was there, or when it was just changing.
  enum Truth: Equatable {
    case at([NamespaceType: Int])
    case zombie
    case away
    case changing
  }

  func truth(_ pid: Int32, at time: Int64) -> Truth {
    var truth = Truth.away
    for life in lives where life.pid == pid {
      for act in life.acts where act.began - margin <= time {
        if time <= act.done + margin { return .changing }
        truth = act.isZombie ? .zombie : act.places.map(Truth.at) ?? .away
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
  func life(_ pid: Int32, at time: Int64) -> TaskHistory? {
    lives.last { $0.pid == pid && ($0.acts.first?.began ?? Int64.max) <= time }
  }

  /// Whether a process with this PID moved twice or more in a time.
  func hasReturned(_ pid: Int32, from start: Int64, to end: Int64) -> Bool {
    lives.contains { life in
      life.pid == pid && life.acts.count { $0.began <= end && $0.done >= start } > 1
    }
  }

  /// Whether a process with this PID started, moved or exited in a time.
  func changed(_ pid: Int32, from start: Int64, to end: Int64) -> Bool {
    lives.contains { life in
      life.pid == pid && life.acts.contains { $0.began <= end && $0.done >= start }
    }
  }
}
