internal import NamespaceModel
internal import Procfs

/// The number of namespaces in use now, by type, and the limits on how many each user may create.
struct LiveUse {
  let limits: [NamespaceType: Int64]
  /// The number of namespaces in use, by type, without the initial ones.
  let counts: [NamespaceType: Int]
  /// The number of processes whose namespaces could not be read.
  let denied: Int

  init(root: ProcRoot) throws(ProcfsError) {
    let sample = try ProcfsSource(root: root).takeSample()
    var found: Set<ObservedNamespace> = []
    for process in sample.appeared {
      // A namespace that only a `..._for_children` link refers to is in use as well.
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
