// The events that the kernel reports for threads; some of them are surprising.

import NamespaceEvents
import TestSupport
import Testing

private func hasPython() -> Bool {
  do {
    return try Command.run("/usr/bin/env", ["python3", "-c", "import ctypes"]).status == 0
  } catch {
    return false
  }
}

extension LiveTests {
  @Suite(.enabled(if: hasPython(), "needs python3: a program with threads"))
  struct ThreadTests {
    /// Runs a Python program, and returns its events in the order of time. "first" stands for the main thread.
    private func reported(of program: String) throws -> [String] {
      let listener = try EventListener(ringBytes: 1 << 18)
      let command = try Command("/usr/bin/env", ["python3", "-c", program])
      let pid = command.pid
      try #require(try command.wait().status == 0)
      var events: [KernelEvent] = []
      #expect(listener.drain(into: &events) == [])
      return events.filter { $0.pid == pid }.sorted { $0.time < $1.time }.map { event in
        let who = event.tid == pid ? "first" : "other"
        return switch event.kind {
        case .fork: "\(who) forked"
        case .exit: "\(who) exit"
        case .state: "\(who) state"
        case .namespaces: "\(who) namespaces"
        case .comm: "\(who) name"
        }
      }
    }

    // SYS_exit of syscall(2), which ends one thread.
    #if arch(x86_64)
      private let exitCall = 60
    #else
      private let exitCall = 93
    #endif

    /// Returns the events from the creation of the second thread on.
    private func fromSecondThread(_ reported: [String]) -> [String] {
      Array(reported.drop { $0 != "other forked" })
    }

    @Test("a thread is forked by its own process, and its namespaces are reported")
    func thread() throws {
      let program = """
        import threading
        t = threading.Thread(target=lambda: None)
        t.start()
        t.join()
        """
      let reported = fromSecondThread(try reported(of: program))
      #expect(reported.prefix(2) == ["other forked", "other namespaces"])
      // Python joins a thread that has done its work; the kernel may report the exit of that thread after the
      // other's.
      #expect(reported.dropFirst(2).sorted() == ["first exit", "other exit"])
    }

    @Test("the first thread can end before the process does")
    func firstEnds() throws {
      let program = """
        import ctypes, os, threading, time
        def end():
          time.sleep(0.05)
          os._exit(0)
        threading.Thread(target=end).start()
        ctypes.CDLL(None).syscall(\(exitCall), 0)
        """
      #expect(
        fromSecondThread(try reported(of: program)) == [
          "other forked", "other namespaces", "first exit", "other exit",
        ])
    }

    @Test(
      "a thread that executes a program takes the TID of the main thread, whose exit is reported")
    func threadExecutes() throws {
      let program = """
        import os, threading, time
        threading.Thread(target=lambda: os.execv('/bin/true', ['true'])).start()
        time.sleep(10)
        """
      #expect(
        fromSecondThread(try reported(of: program)) == [
          "other forked", "other namespaces", "first exit", "first name", "first exit",
        ])
    }
  }
}
