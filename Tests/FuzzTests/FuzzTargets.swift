// What inputs are fed to. Each target also checks what has to be true of every input, besides that nothing traps.

import Foundation
import NamespaceModel

@testable import Containers
@testable import NSHistory
@testable import NamespaceBPF
@testable import NamespaceEvents
@testable import Procfs
@testable import nshist

/// A function that an input is fed to. It traps where it finds a fault.
typealias FuzzTarget = @Sendable (_ input: [UInt8]) -> Void

enum FuzzTargets {
  /// All targets by name.
  static let all: [String: FuzzTarget] = [
    "stat": stat, "status": status, "cgroup": cgroup, "mountinfo": mountinfo, "engine": engine,
    "perf": perf, "bpf": bpf,
    "time": time, "text": text, "selector": selector, "history": HistoryTarget.edit,
  ]

  /// `/proc/PID/stat`.
  @Sendable private static func stat(_ input: [UInt8]) {
    guard let line = StatLine(input) else { return }
    precondition(line.comm.count < input.count && line.pid >= 0 && line.parentPID >= 0)
  }

  /// `/proc/PID/status`.
  @Sendable private static func status(_ input: [UInt8]) {
    guard let text = StatusText(input) else { return }
    precondition(text.nspid.allSatisfy { $0 >= 0 })
  }

  /// `/proc/PID/cgroup`.
  @Sendable private static func cgroup(_ input: [UInt8]) {
    let membership = CgroupMembership(input)
    for container in membership.containers { precondition(!container.id.isEmpty) }
  }

  /// `/proc/PID/mountinfo`.
  @Sendable private static func mountinfo(_ input: [UInt8]) {
    for entry in MountInfo(input).entries { precondition(entry.path.first == UInt8(ascii: "/")) }
    _ = HidePID(mountinfo: input, device: "0:21")
  }

  /// The files in which container engines keep names, all of them JSON.
  @Sendable private static func engine(_ input: [UInt8]) {
    let docker: DockerConfig? = EngineJSON.decode(input)
    _ = docker?.name(of: "a")
    let bundle: BundleConfig? = EngineJSON.decode(input)
    _ = (bundle?.containerdName, bundle?.crioName)
    let storage: [StorageEntry]? = EngineJSON.decode(input)
    for entry in storage ?? [] { _ = entry.name }
  }

  /// The records of the kernel's perf ring.
  @Sendable private static func perf(_ input: [UInt8]) {
    var rest = input[...]
    while !rest.isEmpty {
      let record = rest.withUnsafeBytes { bytes in RecordParser.parse(RawSpan(_unsafeBytes: bytes))
      }
      guard let length = record?.length else { return }
      precondition(length >= 8 && length <= rest.count)
      rest = rest.dropFirst(length)
    }
  }

  /// The records of a pass of the task program.
  @Sendable private static func bpf(_ input: [UInt8]) {
    guard let pass = try? TaskPass(input) else { return }
    for index in 0..<pass.count {
      precondition(index == 0 || pass.tid(index - 1) < pass.tid(index))
      _ = pass[index]
      if pass.isProcess(index) { precondition(pass.indexOfProcess(pass.tid(index)) == index) }
    }
  }

  /// Times and durations as a person writes them.
  @Sendable private static func time(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    let now = WallTime(nanoseconds: 1_700_000_000_000_000_000)
    for zone in [TimeZoneChoice.utc, .local] {
      for time in TimeExpression.meanings(of: text, now: now, zone: zone) {
        // A time that was printed is read as the same time.
        let printed = TimeFormat.utc(time)
        precondition(TimeExpression.parse(printed, now: now, zone: zone) == time, printed)
      }
      _ = TimeExpression.lastDigit(of: text, now: now, zone: zone)
    }
    _ = DurationExpression.parse(text)
    _ = DurationExpression.parse(text, bareSeconds: true)
  }

  /// Text of the system, escaped: no two inputs have one text, and none can harm a terminal.
  @Sendable private static func text(_ input: [UInt8]) {
    let escaped = SystemText.escaped(input)
    precondition(SystemText.bytes(escaped) == input)
    precondition(SystemText.sanitized(escaped) == escaped)
    precondition(!escaped.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
  }

  /// Processes and namespaces as a person names them.
  @Sendable private static func selector(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    // A path would be opened.
    guard !text.contains("/") else { return }
    let now = WallTime(nanoseconds: 1_700_000_000_000_000_000)
    _ = try? SelectorArguments.process(text, now: now)
    _ = try? SelectorArguments.namespace(text, now: now)
    _ = Arguments.joiningNegativeValues(text.split(separator: " ").map(String.init))
  }
}
