internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// Checks what the kernel can report about namespaces.
enum KernelCheckup {
  static func all(_ root: ProcRoot) -> [Checkup] { [types(root), identity(root)] }

  private static func types(_ root: ProcRoot) -> Checkup {
    let missing = NamespaceType.allCases.filter { !root.supports($0) }.map(\.name)
    let release = root.kernelRelease ?? "of unknown release"
    guard !missing.isEmpty else {
      return Checkup(what: "kernel", state: .fine, found: "Linux \(release), all namespace types")
    }
    return Checkup(
      what: "kernel", state: .degraded,
      found: "Linux \(release), without namespaces of type \(missing.joined(separator: ", "))",
      advice: "answers about these types are unknown (unsupported)")
  }

  private static func identity(_ root: ProcRoot) -> Checkup {
    let source = IdentitySource.probe(root)
    guard source == .continuity else {
      return Checkup(
        what: "namespace ids", state: .fine,
        found: "the kernel gives each namespace an id (\(source.rawValue))")
    }
    return Checkup(
      what: "namespace ids", state: .degraded, found: "the kernel gives namespaces no ids",
      advice: """
        across sessions, and where no process stays in a namespace, answers are unknown \
        (inode-may-be-reused); Linux 6.18 has ids
        """)
  }
}
