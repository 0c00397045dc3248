// The name of a process (comm): as reported with its start, and as changed later.

import NamespaceModel
import Testing

@testable import NSRecorder

struct NameTests {
  private let script = EventScript()

  private func name(_ pid: Int32) -> String? {
    script.history.process(pid)?.task.comm.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("a child has the name of the task that forked it")
  func inherited() {
    script.fork(20, of: 10)
    script.finishBatch()
    #expect(name(20) == "read")
  }

  private var startName: String? {
    script.events.lazy.compactMap { event in
      if case .started(let start) = event.change { start.description.comm } else { nil }
    }.first.map { String(decoding: $0, as: UTF8.self) }
  }

  private var names: [String] {
    script.described.map { String(decoding: $0.description.comm ?? [], as: UTF8.self) }
  }

  @Test("the program that is executed in the same batch is reported with the start")
  func sameBatch() {
    script.fork(20, of: 10)
    script.comm(20, "first", isExec: true)
    script.comm(20, "first", isExec: true)
    script.comm(20, "thread name")
    #expect(script.finishBatch().count == 1)
    #expect(name(20) == "thread name")
    #expect(script.described.isEmpty)
  }

  @Test("another program in the same batch is reported with its time, and so are later ones")
  func twoPrograms() {
    script.fork(20, of: 10)
    script.comm(20, "first", isExec: true)
    script.comm(20, "second", isExec: true)
    script.comm(20, "third")
    script.exit(20)
    #expect(script.finishBatch().count == 4)
    #expect(startName == "first")
    #expect(names == ["second", "third"])
    #expect(script.described.allSatisfy { !$0.description.mayBeOlder })
  }

  @Test("the name under which a process moved is retained")
  func moved() {
    script.fork(20, of: 10)
    script.move(20, .host.with(.net, 5, id: 105))
    script.comm(20, "program", isExec: true)
    #expect(script.finishBatch().count == 3)
    #expect(startName == "read")
    #expect(names == ["program"])
  }

  @Test("of many names in one batch the first ones and the last are reported")
  func manyPrograms() {
    script.fork(20, of: 10)
    for number in 0..<1000 { script.comm(20, "name \(number)", isExec: true) }
    script.exit(20)
    #expect(script.finishBatch().count == 20)
    // A report without a name says that the names in between are not known.
    #expect(names == (1...16).map { "name \($0)" } + ["", "name 999"])
    #expect(
      script.described.map(\.description.mayBeOlder)
        == [Bool](repeating: false, count: 17) + [true])
  }

  @Test("the first name after omitted ones is reported as possibly older")
  func omittedCount() {
    script.finishBatch()
    for number in 0..<20 { script.comm(10, "name \(number)") }
    script.finishBatch()
    script.comm(10, "later")
    script.comm(10, "still later")
    script.finishBatch()
    #expect(names.suffix(2) == ["later", "still later"])
    #expect(script.described.suffix(2).map(\.description.mayBeOlder) == [true, false])
  }

  @Test("a new name in a later batch is an event, reported once")
  func laterBatch() throws {
    script.fork(20, of: 10)
    script.finishBatch()
    script.comm(20, "later", isExec: true)
    script.comm(20, "later")
    #expect(script.finishBatch().count == 1)
    try #require(script.described.count == 1)
    #expect(script.described[0].token == script.history.process(20)?.token)
    #expect(script.described[0].description.comm == Array("later".utf8))
    #expect(script.described[0].description.uid == 7)
  }

  @Test("a new name of a thread does not change the name of its process")
  func thread() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.finishBatch()
    script.comm(21, of: 20, "worker")
    script.finishBatch()
    #expect(script.described.isEmpty)
    #expect(script.follower.tasks.processes[20]?.description.comm == Array("read".utf8))
  }

  @Test("after omitted names a sample reports the last one")
  func manyNames() {
    script.finishBatch()
    for number in 0..<1000 { script.comm(10, "name \(number)") }
    #expect(script.finishBatch().count == 17)
    let verified = script.verify([10: .host])
    #expect(
      verified.sample.described.contains { $0.description.comm == Array("name 999".utf8) })
  }

  @Test("of two processes with one PID in one batch each has its own name")
  func reuse() {
    script.fork(20, of: 10)
    script.comm(20, "first", isExec: true)
    script.exit(20)
    script.fork(20, of: 10)
    script.comm(20, "second", isExec: true)
    let reported = script.finishBatch()
    #expect(name(20) == "second")
    guard case .started(let start)? = reported.first?.change else {
      Issue.record("no start")
      return
    }
    #expect(start.description.comm == Array("first".utf8))
  }
}
