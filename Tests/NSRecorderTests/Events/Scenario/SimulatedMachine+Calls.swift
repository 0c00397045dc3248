// The system calls of the tasks of the simulated machine: fork(2), clone(2), unshare(2), setns(2), execve(2),
// exit(2).

import NamespaceEvents
import NamespaceModel

@testable import NSRecorder

extension SimulatedMachine {
  private var running: [SimulatedTask] {
    tasks.values.filter { !$0.isZombie }.sorted { $0.tid < $1.tid }
  }

  private func threads(of task: SimulatedTask) -> [SimulatedTask] {
    running.filter { $0.pid == task.pid }
  }

  /// Lets a random task make a random call.
  func act() {
    pass(1000...(chance(10) ? 4_000_000 : 100_000))
    guard let task = pick(running) else { return }
    let isAlone = threads(of: task).count == 1
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25 where running.count < 14: fork(task)
    case 25..<33 where running.count < 16: makeThread(task)
    case 33..<52: unshare(task, isAlone)
    case 52..<62: join(task, isAlone)
    case 62..<68: comeBack(task, isAlone)
    case 68..<78: exec(task)
    case 78..<80: rename(task)
    case 80..<92 where running.count > 4: end(task)
    case 92..<97: reap()
    default: pin()
    }
  }

  /// Returns the namespaces of a task in the order of links, with some of them replaced.
  private func links(
    of task: SimulatedTask, _ changes: [NamespaceLink: SimulatedNamespace]
  ) -> [SimulatedNamespace] {
    NamespaceLink.allCases.map { changes[$0] ?? task[$0] }
  }

  private static let plain: [NamespaceType] = [.net, .mnt, .uts, .ipc, .cgroup]

  private func some() -> [NamespaceType] { Self.plain.filter { _ in chance(25) } }

  private func fork(_ parent: SimulatedTask) {
    var changes: [NamespaceLink: SimulatedNamespace] = [
      .pid: parent[.pidForChildren], .time: parent[.timeForChildren],
    ]
    if chance(30) {
      for type in some() { changes[type.link] = make(type) }
      if chance(20) { changes[.user] = make(.user) }
      if chance(20), parent[.pid] === parent[.pidForChildren] {
        let new = make(.pid)
        changes[.pid] = new
        changes[.pidForChildren] = new
      }
    }
    let pid = freeNumber()
    let parentLeader = parent.pid
    add(pid, pid, links(of: parent, changes))
    guard let child = tasks[pid] else { return }
    child.comm = parent.comm
    child.parent = parentLeader
    if reportsStates { child[.pid].isPending = false }
    emit(child, .fork(parentPID: parentLeader, parentTID: parent.tid))
    if reportsStates { noted(child) }
    pass(1...300)
    child[.pid].isPending = false
    if !reportsStates { emitNamespaces(child) }
    noted(parent)
    guard chance(40) else { return }
    pass(1...3000)
    exec(child)
  }

  private func makeThread(_ parent: SimulatedTask) {
    guard parent[.pid] === parent[.pidForChildren] else { return }
    let tid = freeNumber()
    add(parent.pid, tid, parent.links)
    guard let thread = tasks[tid] else { return }
    emit(thread, .fork(parentPID: parent.pid, parentTID: parent.tid))
    if reportsStates { noted(thread) }
    pass(1...300)
    if !reportsStates { emitNamespaces(thread) }
  }

  private func unshare(_ task: SimulatedTask, _ isAlone: Bool) {
    var changes: [NamespaceLink: SimulatedNamespace] = [:]
    for type in some() { changes[type.link] = make(type) }
    if isAlone, chance(10) { changes[.user] = make(.user) }
    if isAlone, chance(20) { changes[.timeForChildren] = make(.time) }
    if chance(20), task[.pid] === task[.pidForChildren] {
      let new = make(.pid)
      new.isPending = true
      changes[.pidForChildren] = new
    }
    guard !changes.isEmpty else { return }
    setLinks(task, links(of: task, changes))
    emitNamespaces(task)
  }

  private func join(_ task: SimulatedTask, _ isAlone: Bool) {
    let all = namespaces.filter { !$0.isPending && (isAlone || ![.user, .time].contains($0.type)) }
    guard let namespace = pick(all) else { return }
    var changes: [NamespaceLink: SimulatedNamespace] = [namespace.type.linkForChildren: namespace]
    if namespace.type != .pid { changes[namespace.type.link] = namespace }
    setLinks(task, links(of: task, changes))
    emitNamespaces(task)
  }

  /// A thread enters the namespaces of its main thread, as far as a thread may.
  private func comeBack(_ task: SimulatedTask, _ isAlone: Bool) {
    guard task.isThread, let leader = tasks[task.pid], !leader.isZombie else {
      return join(task, isAlone)
    }
    var changes: [NamespaceLink: SimulatedNamespace] = [:]
    for type in Self.plain where task[type.link] !== leader[type.link] {
      changes[type.link] = leader[type.link]
    }
    guard !changes.isEmpty else { return }
    setLinks(task, links(of: task, changes))
    emitNamespaces(task)
  }

  private func exec(_ task: SimulatedTask) {
    for other in threads(of: task) where other.tid != task.tid {
      gone(other)
      pass(1...2000)
    }
    var task = task
    if reportsStates, task[.time] !== task[.timeForChildren] {
      emit(task, .state)
      pass(1...300)
    }
    if task.isThread, let leader = tasks[task.pid] {
      // The executing thread takes over the TID of the main thread.
      for link in [NamespaceLink.pid, .user] { leader[link].holders -= 1 }
      leader.links = task.links
      leader.isZombie = false
      tasks[task.tid] = nil
      truth.append(.init(time: clock, pid: task.pid, tid: task.tid, links: nil, states: []))
      task = leader
    }
    setLinks(task, links(of: task, [.time: task[.timeForChildren]]))
    rename(task, isExec: true)
    noted(task)
  }

  private func rename(_ task: SimulatedTask, isExec: Bool = false) {
    task.comm = pick(["one", "two", "three"]) ?? ""
    emit(task, .comm(CommName(task.comm.utf8), isExec: isExec))
  }

  /// A task exits, with all threads of its process or alone.
  private func end(_ task: SimulatedTask) {
    guard chance(60) else { return gone(task) }
    for other in threads(of: task).shuffled(using: &random) {
      gone(other)
      pass(1...2000)
    }
  }

  private func gone(_ task: SimulatedTask) {
    emit(task, .exit)
    truth.append(.init(time: clock, pid: task.pid, tid: task.tid, links: nil, states: []))
    if task.isThread {
      tasks[task.tid] = nil
    } else {
      task.isZombie = true
      for link in [NamespaceLink.pid, .user] { task[link].holders += 1 }
    }
    drop(task)
  }

  private func reap() {
    let dead = tasks.values.filter { $0.isZombie && threads(of: $0).isEmpty }
      .sorted { $0.tid < $1.tid }
    for task in dead where chance(60) {
      tasks[task.tid] = nil
      for link in [NamespaceLink.pid, .user] { task[link].holders -= 1 }
    }
    sweep()
  }

  /// Mounts a namespace, or unmounts it.
  private func pin() {
    guard let namespace = pick(namespaces.filter { $0.id > 100 }) else { return }
    namespace.isPinned.toggle()
    namespace.fileSince = namespace.isPinned ? clock : nil
    sweep()
  }

  private func emitNamespaces(_ task: SimulatedTask) {
    emit(
      task,
      .namespaces(
        NamespaceInodes(
          Dictionary(uniqueKeysWithValues: NamespaceType.allCases.map { ($0, task[$0.link].inode) })
        )))
    noted(task)
  }

  func noted(_ task: SimulatedTask) {
    truth.append(
      .init(
        time: clock, pid: task.pid, tid: task.tid, links: task.links, states: states(of: task)))
  }
}
