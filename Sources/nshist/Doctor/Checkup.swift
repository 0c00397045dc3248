internal import NSHistory
internal import NamespaceModel
internal import Procfs

/// The result of one check.
struct Checkup {
  /// The name of the check, in a word or two.
  let what: String
  let state: State
  /// The finding, as text.
  let found: String
  /// The consequence of the finding or its remedy; empty if there is none, as for most findings that are `fine`.
  var advice = ""

  /// The same finding where it is less bad.
  var degraded: Checkup { Checkup(what: what, state: .degraded, found: found, advice: advice) }

  /// Returns the worst state of some findings.
  static func worst(_ checks: [Checkup]) -> State {
    let states = checks.map(\.state)
    return states.contains(.broken) ? .broken : states.contains(.degraded) ? .degraded : .fine
  }

  /// The raw value is the word in every output.
  enum State: String {
    case fine
    /// The feature works with a loss of data or function.
    case degraded
    /// The feature does not work.
    case broken
  }
}

/// The columns of the findings.
enum CheckupColumns {
  static var all: [Column<Checkup>] {
    [
      Column("check") { .string($0.what) },
      Column("state", cell: { .init(text: $0.state.rawValue, colour: colour($0.state)) }) {
        .string($0.state.rawValue)
      },
      Column("found") { .string($0.found) },
      Column("advice", in: .data) { $0.advice.isEmpty ? .null : .string($0.advice) },
    ]
  }

  private static func colour(_ state: Checkup.State) -> Colour {
    switch state {
    case .fine: .green
    case .degraded: .yellow
    case .broken: .red
    }
  }
}

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
