internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// Turns what the kernel says now into a comparison.
struct LiveAnswer {
  let pids: [Int32]
  let processes: [LiveProcess?]

  func comparison(
    _ findings: [(NamespaceType, [LiveComparison.Finding])]
  ) -> Comparison {
    let types = findings.map { line($0.0, $0.1) }
    let verdicts = types.map(\.verdict)
    let now = ClockReading.now()
    return Comparison(
      pids: pids.map(Int64.init), time: "now",
      verdict: verdicts.contains(.different)
        ? .different : verdicts.contains(.unknown) ? .unknown : .same,
      processes: processes.compactMap { $0.map { process($0, now) } }, types: types)
  }

  private func line(
    _ type: NamespaceType, _ findings: [LiveComparison.Finding]
  ) -> Comparison.TypeLine {
    let reasons = findings.map(Self.reason)
    var namespaces: [LiveComparison.Namespace] = []
    for case .namespace(let namespace) in findings where !namespaces.contains(namespace) {
      namespaces.append(namespace)
    }
    let reason = reasons.lazy.compactMap { $0 }.first
    let verdict: Verdict = namespaces.count > 1 ? .different : reason == nil ? .same : .unknown
    return Comparison.TypeLine(
      type: type, verdict: verdict, evidence: .exact, reason: verdict == .unknown ? reason : nil,
      places: namespaces.map { namespace in
        Comparison.Place(
          inode: namespace.inode, kernelID: namespace.kernelID, isInitial: namespace.isInitial,
          pids: zip(pids, findings).filter { $0.1 == .namespace(namespace) }.map { Int64($0.0) })
      }, differedAtTimes: verdict == .different, reasons: reasons)
  }

  private static func reason(_ finding: LiveComparison.Finding) -> UnknownReason? {
    switch finding {
    case .namespace: nil
    case .unread(.denied): .denied
    case .unread(.unsupported): .unsupported
    case .unread: .zombie
    case .notRunning: .notRunning
    case .moving: .changedBetweenSamples
    }
  }

  private func process(_ live: LiveProcess, _ now: ClockReading) -> Comparison.Process {
    Comparison.Process(
      pid: Int64(live.facts.pid),
      start: live.facts.startTicks.flatMap {
        ClockTicks.nanoseconds($0, perSecond: Int64(ClockTick.perSecond))
      }.map { now.wall - now.boot + $0 },
      comm: SystemText.escaped(live.description.comm), uid: live.description.uid.map(Int64.init))
  }
}
