// The log of what processes actually did, with which the recorder's file must agree.

import NSHistory
import NamespaceModel

/// The actions of all processes of a workload, by the wall clock.
struct TruthLog {
  /// A process and its actions, in order.
  struct TaskHistory {
    let pid: Int32
    var actions: [Action]

    /// Whether a recorded process may be this one: it has the same PID, and a start time that agrees within two clock
    /// ticks of 10 ms.
    func mayBe(_ process: ProcessRecord) -> Bool {
      let grain: Int64 = 20_000_000
      guard pid == process.pid, let first = actions.first, let start = process.start else {
        return false
      }
      return start >= first.began - grain && start <= first.done + grain
    }
  }

  /// An action at some moment from `began` to `done`.
  struct Action {
    let began: WallTime
    let done: WallTime
    /// The namespaces of the process from then on; nil if it has exited. Each number names one namespace.
    let namespaces: [NamespaceType: Int]?
    /// Whether its main thread has exited while other threads run.
    var isZombie = false
  }

  var histories: [TaskHistory] = []
  /// The types of namespaces that the log covers.
  var types: [NamespaceType]
  /// How far the reported time of an action may be from the actual one, in nanoseconds.
  var margin: Int64 = 0
  /// The PIDs for which it is not known which process is meant; see `findDisputedPIDs`.
  private(set) var disputed: Set<Int64> = []

  init(types: [NamespaceType]) { self.types = types }

  /// The state of a PID at a time: its namespaces, a zombie, no process (`away`), or in the middle of an action
  /// (`changing`).
  enum Truth: Equatable {
    case at([NamespaceType: Int])
    case zombie
    case away
    case changing
  }

  func truth(_ pid: Int32, at time: WallTime) -> Truth {
    var truth = Truth.away
    for history in histories where history.pid == pid {
      for action in history.actions where action.began - margin <= time {
        if time <= action.done + margin { return .changing }
        truth = action.isZombie ? .zombie : action.namespaces.map(Truth.at) ?? .away
      }
    }
    return truth
  }

  /// Whether a recorded process is certainly one of the log.
  func knows(_ process: ProcessRecord) -> Bool {
    !disputed.contains(process.pid) && histories.contains { $0.mayBe(process) }
  }

  /// Finds disputed PIDs. Other tests start processes too, and a PID may be given to one of theirs and to one of the
  /// log within the inaccuracy of a recorded start. Nobody can tell these apart afterwards, so `knows` is false for
  /// both.
  mutating func findDisputedPIDs(in reader: HistoryReader) throws {
    for pid in Set(histories.map(\.pid)) {
      var own = histories.filter { $0.pid == pid }
      for process in try reader.processes(.pid(Int64(pid))) {
        if let index = own.firstIndex(where: { $0.mayBe(process) }) {
          own.remove(at: index)
        } else if histories.contains(where: { $0.mayBe(process) }) {
          disputed.insert(Int64(pid))
        }
      }
    }
  }

  /// Returns the process that had a PID at a time.
  func history(_ pid: Int32, at time: WallTime) -> TaskHistory? {
    histories.last { $0.pid == pid && ($0.actions.first?.began ?? .max) <= time }
  }

  /// Whether a process with this PID moved twice or more from `start` to `end`.
  func hasReturned(_ pid: Int32, from start: WallTime, to end: WallTime) -> Bool {
    histories.contains { history in
      history.pid == pid && history.actions.count { $0.began <= end && $0.done >= start } > 1
    }
  }

  /// Whether a process with this PID started, moved or exited from `start` to `end`.
  func changed(_ pid: Int32, from start: WallTime, to end: WallTime) -> Bool {
    histories.contains { history in
      history.pid == pid && history.actions.contains { $0.began <= end && $0.done >= start }
    }
  }
}
