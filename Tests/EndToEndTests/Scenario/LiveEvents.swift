// Whether kernel events can be used here.

import Foundation
import NSRecorder
import NamespaceEvents

enum LiveEvents {
  /// Whether the tests may use events: as root, unless a sandbox or the kernel's configuration forbids it.
  static let arePermitted: Bool = {
    geteuid() == 0 && (try? EventListener(ringBytes: 4096)) != nil
  }()

  /// The kinds of events that the machine permits, as values of `--events`.
  static let kinds: [String] = {
    let configuration = RecorderConfiguration(database: "/nowhere/history.db", events: .bpf)
    let refusal = try? RecorderPreconditions.check(configuration)
    return arePermitted ? ["perf"] + (refusal == .some(nil) ? ["bpf"] : []) : []
  }()

  static let need = "needs root, and a kernel that lets it listen to events (perf_event_open)"

  /// Whether processes without privilege may not use events.
  static let areForbiddenToOthers: Bool = {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/perf_event_paranoid", encoding: .utf8)
    return text.flatMap { Int($0.filter { !$0.isWhitespace }) }.map { $0 > 0 } ?? true
  }()

  /// How far the reported time of a step may be from the actual one, in nanoseconds. An event has its time in
  /// microseconds of another clock, which may be corrected meanwhile.
  static let margin: Int64 = 200_000
}
