package import NamespaceBPF
internal import NamespaceModel
internal import Procfs

/// The reason why a recorder cannot take its samples from a source here.
package enum SourceRefusal: Error, Sendable, Hashable {
  /// The kernel does not run the task program for this process.
  case bpf(BPFError)
  /// The program runs, but its pass would not show the processes as the configured `/proc` shows them.
  case useless(fact: String, remedy: String)

  /// The reason, without its remedy.
  package var fact: String {
    switch self {
    case .bpf(let error): error.fact
    case .useless(let fact, _): fact
    }
  }

  /// Whether the kernel does not permit the program to this process.
  var isPermission: Bool {
    if case .bpf(let error) = self, case .refused = error.cause { true } else { false }
  }

  /// The way to avoid the reason.
  package var remedy: String {
    switch self {
    case .bpf(let error): error.remedy
    case .useless(_, let remedy): remedy
    }
  }
}

/// The choice of the source of samples.
enum SourceChoice {
  /// Makes the source of samples that the configuration asks for; for `auto`, the one by BPF, or the one of `/proc`
  /// where that is not possible. Also returns why an `auto` source is not BPF.
  static func make(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource
  ) throws(RecorderError) -> (source: any SampleSource & PassControl, refusalOfBPF: SourceRefusal?)
  {
    var refusal: SourceRefusal?
    if configuration.source != .proc {
      do throws(SourceRefusal) {
        let source = BPFSource(
          try programs(root, environment, identity), root, identity,
          readsCommandLines: configuration.commandLines)
        return (source, nil)
      } catch { refusal = error }
    }
    if configuration.source == .bpf, let refusal {
      throw .sourceRefused(
        "\(refusal.fact); \(refusal.remedy)", isPermission: refusal.isPermission)
    }
    let source = ProcfsSource(
      root: root, identity: identity, readsCommandLines: configuration.commandLines)
    return (source, refusal)
  }

  /// Loads the task programs for a recorder of a `/proc`, or throws the reason why samples by BPF are not possible.
  static func programs(
    _ root: ProcRoot, _ environment: RecorderEnvironment, _ identity: IdentitySource
  ) throws(SourceRefusal) -> TaskPrograms {
    try requireHost(root, environment, identity)
    do throws(BPFError) { return try TaskPrograms() } catch { throw .bpf(error) }
  }

  /// Throws the reason why records of BPF programs cannot be matched to what a `/proc` shows.
  ///
  /// The programs report PIDs of the initial pid namespace, start times of the initial time namespace, user ids of the
  /// initial user namespace, and identify namespaces by the kernel's ids.
  static func requireHost(
    _ root: ProcRoot, _ environment: RecorderEnvironment, _ identity: IdentitySource
  ) throws(SourceRefusal) {
    let shows = "\(environment.procRoot) shows the processes"
    guard root.isProc else {
      throw .useless(
        fact: "\(environment.procRoot) is no proc file system", remedy: "give a mounted proc")
    }
    guard environment.shownPIDNamespace?.isInitial == true else {
      throw .useless(
        fact: "\(shows) of a pid namespace that is not the initial one",
        remedy: "record on the host")
    }
    for (link, what) in [
      (NamespaceLink.pid, "pid"), (.user, "user"), (.time, "time"),
    ] {
      guard let inode = root.ownNamespaceInode(link) else {
        // A kernel without time namespaces has one time for all.
        if link == .time { continue }
        throw .useless(
          fact: "the \(what) namespace of this process cannot be read", remedy: "record on the host"
        )
      }
      guard InitialNamespace.hasFixedInode(inode) else {
        throw .useless(
          fact: "this process is not in the initial \(what) namespace", remedy: "record on the host"
        )
      }
    }
    guard identity != .continuity else {
      throw .useless(fact: "this kernel gives namespaces no ids", remedy: "Linux 6.18 has ids")
    }
  }
}
