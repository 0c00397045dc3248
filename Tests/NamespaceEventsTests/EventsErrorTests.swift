// The text of an error names what failed, and the remedy.

import NamespaceEvents
import SystemPackage
import Testing

struct EventsErrorTests {
  @Test(
    "the text of an error names the operation, its object, the reason and the remedy",
    arguments: [
      (
        EventsError(operation: .open, processor: 3, errno: .permissionDenied),
        [
          "listen to the kernel's events of processor 3", "Permission denied", "CAP_PERFMON",
          "root", "kernel.perf_event_paranoid",
        ]
      ),
      (
        EventsError(operation: .open, processor: 0, errno: .notPermitted),
        ["processor 0", "Operation not permitted", "CAP_PERFMON"]
      ),
      (
        EventsError(operation: .open, processor: 1, errno: .tooManyOpenFiles),
        ["processor 1", "Too many open files", "ulimit -n"]
      ),
      (
        EventsError(operation: .map(ringBytes: 4096), processor: 1, errno: .notPermitted),
        ["4096 bytes", "processor 1", "kernel.perf_event_mlock_kb", "CAP_IPC_LOCK", "smaller ring"]
      ),
      (
        EventsError(
          operation: .fit(ringBytes: 4096, processors: 3), processor: nil, errno: .noMemory),
        ["4096 bytes", "3 processors", "a quarter of the memory", "--event-ring"]
      ),
      (
        EventsError(operation: .map(ringBytes: 4096), processor: 1, errno: .noMemory),
        ["Cannot allocate memory", "kernel.perf_event_mlock_kb", "smaller ring"]
      ),
      (
        EventsError(operation: .list(path: "/x"), processor: nil, errno: .invalidArgument),
        ["/x", "not a list like 0-3,5"]
      ),
    ])
  func words(error: EventsError, words: [String]) {
    for word in words { #expect(error.description.contains(word), "\(error)") }
    #expect(!error.description.contains("\n"))
  }

  @Test("only errors of permission count as a refusal")
  func refusal() {
    func isRefusal(_ errno: Errno) -> Bool {
      EventsError(operation: .open, processor: 0, errno: errno).isRefusal
    }
    #expect(isRefusal(.permissionDenied))
    #expect(isRefusal(.notPermitted))
    #expect(!isRefusal(.tooManyOpenFiles))
    #expect(!isRefusal(.noMemory))
  }
}
