internal import NamespaceModel
internal import Procfs

/// The namespaces that processes are in now, counted, and how many each user may make.
struct LiveUse {
  let limits: [NamespaceType: Int64]
  /// By type, initial ones left out.
  let counts: [NamespaceType: Int]
  /// How many processes could not be read.
  let denied: Int

  init(root: ProcRoot) throws(ProcfsError) {
    let sample = try ProcfsSource(root: root).takeSample()
    var found: Set<ObservedNamespace> = []
    for process in sample.appeared {
      // A namespace that only the children of a process are to be in is in use as well.
      for link in NamespaceLink.allCases {
        guard case .namespace(let namespace) = process.links[Int(link.rawValue)],
          namespace.isInitial != true
        else { continue }
        found.insert(namespace)
      }
    }
    counts = found.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    denied = sample.counts.denied
    limits = NamespaceType.allCases.reduce(into: [:]) { $0[$1] = root.limit(of: $1) }
  }
}
