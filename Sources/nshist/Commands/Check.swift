internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// `nshist check`: compares running processes now, without a history.
struct Check: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Show whether running processes share namespaces now; no history is needed.",
    discussion: """
      nshist check 10 20
      nshist check $$ 1 --type net,mnt

      Exit status: 0 same in every type asked for, 1 different in at least one, 2 none different \
      but at least one unknown.
      """)

  @Argument(help: ArgumentHelp("PIDs of running processes.", valueName: "pid"))
  var pids: [String]

  @OptionGroup var type: TypeOption
  @Option(help: "How to print it.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false

  func validate() throws {
    guard pids.count >= 2 else { throw TimeArguments.tooFewPIDs }
  }

  func run(on console: Console) throws {
    let asked = try pids.map(TimeArguments.pid)
    guard Set(asked).count == asked.count else {
      throw ValidationError("a PID was given twice; give different ones")
    }
    let types = try type.types()
    let root = try ProcRoot.live()
    let live = try LiveComparison.with(asked, root: root) { (live) throws(ProcfsError) in
      let processes = try live.processes()
      var findings: [(NamespaceType, [LiveComparison.Finding])] = []
      for type in types { findings.append((type, try live.findings(type))) }
      return (processes: processes, findings: findings)
    }
    let comparison = LiveAnswer(pids: asked, processes: live.processes).comparison(live.findings)
    for (index, pid) in asked.enumerated() {
      if let process = live.processes[index]?.threadOf {
        console.messages.say(
          "\(pid) is a thread of process \(process): its own namespaces are meant")
      }
      if live.findings.contains(where: { $0.1[index] == .notRunning }) {
        console.messages.say("there is no process \(pid) now; of the past, ask nshist query same")
      }
    }
    try ComparisonListing(comparison: comparison, zone: utc ? .utc : .local)
      .print(format, on: console)
    throw ExitStatus.of(comparison.verdict)
  }
}

/// Builds a comparison from the present state of processes, as read from the kernel.
struct LiveAnswer {
  let pids: [Int32]
  let processes: [LiveProcess?]

  func comparison(
    _ findings: [(NamespaceType, [LiveComparison.Finding])]
  ) -> Comparison {
    let types = findings.map { line($0.0, $0.1) }
    let now = ClockReading.now()
    return Comparison(
      numbers: pids.map { TaskNumber(pid: Int64($0)) }, time: "now",
      verdict: Verdict(of: types.map(\.verdict)),
      processes: processes.compactMap { $0.map { process($0, now) } }, types: types,
      explain: ReasonFormatter.live)
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
      reasons: zip(pids, reasons).compactMap { pid, reason in
        reason.map { Comparison.Reason(number: TaskNumber(pid: Int64(pid)), reason: $0) }
      },
      namespaces: namespaces.map { namespace in
        Comparison.Namespace(
          inode: namespace.inode, kernelID: namespace.kernelID, isInitial: namespace.isInitial,
          processes: findings.indices.filter { findings[$0] == .namespace(namespace) }
            .compactMap { found[$0] })
      }, differedAtTimes: verdict == .different)
  }

  /// For each PID, the index of its process among the processes that were found; nil if it was not found.
  private var found: [Int?] {
    processes.indices.map { index in
      processes[index] == nil ? nil : processes[..<index].count { $0 != nil }
    }
  }

  private static func reason(_ finding: LiveComparison.Finding) -> UnknownReason? {
    switch finding {
    case .namespace: nil
    case .unread(.denied): .denied
    case .unread(.unsupported): .unsupported
    case .unread: .zombie
    case .hidden: .notRecorded
    case .notRunning: .notRunning
    case .moving: .changedBetweenSamples
    }
  }

  private func process(_ live: LiveProcess, _ now: ClockReading) -> Comparison.Process {
    Comparison.Process(
      number: TaskNumber(pid: Int64(live.facts.pid)),
      start: live.facts.startTicks.flatMap {
        ClockTicks.wall($0, perSecond: Int64(ClockTick.perSecond), at: now)
      },
      comm: live.description.comm.map { SystemText.escaped($0) },
      uid: live.description.uid.map(Int64.init),
      container: live.description.cgroup.flatMap(ContainerRecord.init(cgroup:)),
      commandLine: live.description.program?.commandLine.map {
        SystemText.escaped(commandLine: $0)
      },
      executable: live.description.program?.executable.map { SystemText.escaped($0) })
  }
}
