// Whether the kernel's events can be listened to here.

import Foundation
import NamespaceEvents

enum LiveEvents {
  /// Root may, unless a sandbox or the kernel's configuration forbids it.
  static let arePermitted: Bool = {
    geteuid() == 0 && (try? EventListener(ringBytes: 4096)) != nil
  }()

  static let need = "needs root, and a kernel that lets it listen to events (perf_event_open)"

  /// Whether who has no privilege may not listen.
  static let areForbiddenToOthers: Bool = {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/perf_event_paranoid", encoding: .utf8)
    return text.flatMap { Int($0.filter { !$0.isWhitespace }) }.map { $0 > 0 } ?? true
  }()

  /// How far from a step its time may be reported: an event's time has microseconds, and is counted by
  /// another clock, which may be corrected meanwhile.
  static let margin: Int64 = 200_000
}
