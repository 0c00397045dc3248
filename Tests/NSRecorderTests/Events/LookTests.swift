// What no record holds and a look right after it may: the time namespace, and where children go.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct LookTests {
  private let script = EventScript()
  private static let elsewhere = Place.host.with(.time, 1, id: 101)

  @Test("in which time namespace a child is, is read; what was not read is unseen")
  func timeOfChild() {
    script.fork(20, of: 10)
    script.fork(30, of: 10, look: false)
    script.turn()
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
    #expect(script.state(.time, of: 30) == .unread(.unseen))
    #expect(script.state(.timeForChildren, of: 30) == .unread(.unseen))
    #expect(script.state(.net, of: 30) == script.state(.net, of: 10))
  }

  @Test("a task that moved and was not read has its time namespace unseen")
  func timeOfMove() {
    script.fork(20, of: 10)
    script.move(20, .host.with(.net, 1, id: 101), look: false)
    script.turn()
    #expect(script.state(.time, of: 20) == .unread(.unseen))
    #expect(script.state(.pidForChildren, of: 20) == .unread(.unseen))
  }

  private func child(after exec: Bool, _ place: Place) {
    var look = place.look([.time, .timeForChildren])
    look.isAfterExec = exec
    script.take(20, of: 20, .fork(parentPID: 10, parentTID: 10))
    script.take(20, of: 20, .namespaces(place.inodes), look: look)
    script.turn()
  }

  @Test("after an exec the time namespace that is read may be a later one")
  func exec() {
    child(after: true, Self.elsewhere)
    #expect(script.state(.time, of: 20) == .unread(.unseen))
    #expect(script.state(.mnt, of: 20) == script.state(.mnt, of: 10))
  }

  @Test("after an exec the time namespace that the maker has is the one that was")
  func execInSame() {
    child(after: true, .host)
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
  }

  @Test("without an exec the time namespace is the one that is read")
  func noExec() {
    child(after: false, Self.elsewhere)
    #expect(script.namespace(.time, of: 20)?.kernelID == 101)
  }

  @Test("by exec a process comes to be where its children go: that is to be read anew")
  func execMoves() {
    script.fork(20, of: 10)
    let host = Place.host[.time]
    script.move(20, Self.elsewhere.with(.time, host))
    script.turn()
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
    #expect(script.namespace(.timeForChildren, of: 20)?.kernelID == 101)
    script.comm(20, "run", isExec: true)
    script.turn()
    #expect(script.namespace(.time, of: 20)?.isInitial != true)
  }

  @Test("a look during an exec may have read the time namespace that was left by it")
  func execDuringLook() {
    script.fork(20, of: 10)
    let place = Self.elsewhere.with(.time, Place.host[.time])
    var look = place.look()
    look.isAfterExec = true
    script.take(20, of: 20, .namespaces(place.inodes), look: look)
    script.comm(20, "run", isExec: true)
    script.turn()
    #expect(script.namespace(.time, of: 20)?.kernelID == 101)
  }

  @Test("a pid namespace for children is pending up to the first child, that is in it")
  func pending() {
    let parent = Place.host.without(.pidForChildren, .pending)
    script.fork(20, of: 10)
    script.move(20, parent)
    script.turn()
    #expect(script.state(.pidForChildren, of: 20) == .unread(.pending))
    #expect(script.state(.pid, of: 20) == script.state(.pid, of: 10))
    script.fork(30, of: 20, .host.with(.pid, 5, id: 105))
    script.turn()
    #expect(script.namespace(.pid, of: 30)?.kernelID == 105)
    #expect(script.namespace(.pidForChildren, of: 20) == script.namespace(.pid, of: 30))
    script.fork(40, of: 20, .host.with(.pid, 5, id: 105), look: false)
    script.turn()
    #expect(script.namespace(.pid, of: 40) == script.namespace(.pid, of: 30))
    #expect(script.namespace(.pid, of: 20)?.isInitial == true)
  }

  @Test("where children of a thread go is not where its process's go")
  func pendingThread() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.thread(22, of: 20)
    script.move(22, of: 20, .host.without(.pidForChildren, .pending))
    script.move(20, .host.without(.pidForChildren, .pending))
    script.fork(30, of: 20, by: 21, .host)
    script.fork(40, of: 20, by: 22, .host.with(.pid, 6, id: 106))
    script.turn()
    #expect(script.state(.pidForChildren, of: 20) == .unread(.pending))
    script.fork(50, of: 20, .host.with(.pid, 5, id: 105))
    script.fork(60, of: 20, by: 22, .host.with(.pid, 6, id: 106), look: false)
    script.turn()
    #expect(script.namespace(.pidForChildren, of: 20)?.kernelID == 105)
    #expect(script.namespace(.pid, of: 60)?.kernelID == 106)
    #expect(script.history.faults == [])
  }

  @Test("a link that was denied is told as denied, and records tell the rest")
  func denied() {
    let place = Place.host.with(.net, 1, id: 101)
    var denied = place.look()
    for link in NamespaceLink.allCases { denied.links[link] = .unread(.denied) }
    script.fork(20, of: 10)
    script.take(20, of: 20, .namespaces(place.inodes), look: denied)
    script.turn()
    #expect(script.namespace(.net, of: 20)?.inode == Place.inode(1))
    #expect(script.namespace(.net, of: 20)?.kernelID == .some(nil))
    #expect(script.state(.time, of: 20) == .unread(.denied))
  }

  @Test("an inode that is not that of the record gives no id")
  func otherInode() {
    script.fork(20, of: 10)
    script.take(
      20, of: 20, .namespaces(Place.host.with(.net, 1, id: 101).inodes),
      look: Place.host.with(.net, 2, id: 102).look())
    script.turn()
    #expect(script.namespace(.net, of: 20)?.inode == Place.inode(1))
    #expect(script.namespace(.net, of: 20)?.kernelID == .some(nil))
  }
}
