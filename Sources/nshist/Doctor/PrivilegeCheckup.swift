internal import Glibc
internal import NSHistory
internal import NSRecorder
internal import NamespaceModel
internal import Procfs

/// Checks what the caller's privileges allow.
enum PrivilegeCheckup {
  static func all(_ root: ProcRoot) throws(ProcfsError) -> [Checkup] {
    let sample = try ProcfsSource(root: root).takeSample()
    return [
      reading(root, sample.counts), hidden(root), processes(root), time(root),
      files(sample.counts), priority,
    ]
  }

  private static func reading(_ root: ProcRoot, _ counts: ProcessSample.Counts) -> Checkup {
    let user = "uid \(geteuid()), \(root.hasTraceCapability ? "with" : "without") CAP_SYS_PTRACE"
    let all = RecordingFormatter.count(counts.processes, "process", "processes")
    guard counts.denied > 0 else {
      return Checkup(
        what: "privileges", state: .fine, found: "\(user): all \(all) can be read")
    }
    let remedy =
      root.hasTraceCapability
      ? "a security module or a sandbox refuses that" : "run it as root, or with CAP_SYS_PTRACE"
    return Checkup(
      what: "privileges", state: .degraded,
      found: """
        \(user): \(counts.denied) of \(all) may not be read, the first is \
        \(counts.firstDenied.map { "PID \($0)" } ?? "not known")
        """,
      advice: "answers about those are unknown (denied); \(remedy)")
  }

  private static func hidden(_ root: ProcRoot) -> Checkup {
    let lost = """
      who is not seen is not known to be absent, so answers are unknown (not-recorded); mount proc \
      with hidepid=0, or give its gid= group to the recorder
      """
    switch root.hiddenFromReader {
    case .off:
      let setting = root.hidePID.map { $0 == .off ? "" : " (hidepid=\($0.rawValue))" } ?? ""
      return Checkup(
        what: "hidepid", state: .fine, found: "/proc shows every process to this user\(setting)")
    case .noAccess:
      return Checkup(
        what: "hidepid", state: .degraded, found: "hidepid=1: others' processes may not be entered",
        advice: "without privilege their namespaces are unknown (denied)")
    case .invisible, .ptraceable:
      return Checkup(
        what: "hidepid", state: .degraded, found: "/proc may hide processes (hidepid=2 or 4)",
        advice: lost)
    case nil:
      return Checkup(
        what: "hidepid", state: .degraded, found: "what /proc hides could not be found out",
        advice: lost)
    }
  }

  private static func processes(_ root: ProcRoot) -> Checkup {
    guard let shown = root.shownPIDNamespace(IdentitySource.probe(root)) else {
      return Checkup(
        what: "pid namespace", state: .degraded,
        found: "whose processes /proc shows could not be found out",
        advice: "sessions are taken for one another's only if their /proc is the same")
    }
    guard shown.isInitial != true else {
      return Checkup(
        what: "pid namespace", state: .fine, found: "the initial one: every process of the machine")
    }
    return Checkup(
      what: "pid namespace", state: .degraded,
      found: "pid:[\(shown.inode)], not the initial one: only the processes in it are seen",
      advice: """
        record on the host, or in a container with the host's proc mounted: --proc-root /host/proc
        """)
  }

  private static func time(_ root: ProcRoot) -> Checkup {
    let inode = root.ownNamespaceInode(.time)
    guard let inode, !InitialNamespace.hasFixedInode(inode) else {
      return Checkup(
        what: "time namespace", state: .fine,
        found: inode == nil ? "there is none" : "the initial one: start times are the machine's")
    }
    return Checkup(
      what: "time namespace", state: .degraded,
      found: "time:[\(inode)], not the initial one: start times are shifted",
      advice: "record on the host to have start times as the host shows them")
  }

  private static var priority: Checkup {
    let now = ProcessorPriority.current
    if now != 0 {
      return Checkup(
        what: "priority", state: .fine,
        found: "a recorder that is started like this keeps the nice value \(now)")
    }
    guard !ProcessorPriority.mayBeRaised else {
      return Checkup(
        what: "priority", state: .fine,
        found: "a recorder raises its own, to the nice value \(ProcessorPriority.raised)")
    }
    return Checkup(
      what: "priority", state: .fine, found: "a recorder may not raise its own",
      advice: """
        on a busy machine it may wait for a processor and lose events; give it CAP_SYS_NICE, or start it with a lower \
        nice value
        """)
  }

  private static func files(_ counts: ProcessSample.Counts) -> Checkup {
    guard counts.notHeldOpen > 0 else {
      return Checkup(
        what: "open files", state: .fine, found: "a directory of every process can be held open")
    }
    return Checkup(
      what: "open files", state: .degraded,
      found: """
        the limit of open files leaves \
        \(RecordingFormatter.count(counts.notHeldOpen, "process", "processes")) to be opened anew in each \
        sample
        """,
      advice: "samples take longer; raise the hard limit (ulimit -Hn)")
  }
}
