import NSHistory
import NamespaceModel
import TestSupport

/// The namespaces of a random machine that can be entered.
struct SimulatedNamespaces {
  /// The namespaces of each type, with the initial one first.
  private var known: [NamespaceType: [ObservedNamespace]] = [:]
  private var nextID: UInt64 = 100

  init() {
    for type in NamespaceType.allCases {
      let code = UInt64(type.rawValue)
      known[type] = [
        ObservedNamespace(
          type: type, inode: type == .pid ? InitialNamespace.pidInode : 0xEFFF_FF10 + code,
          kernelID: code, inodeGeneration: 0, isInitial: true)
      ]
    }
  }

  func all(_ type: NamespaceType) -> [ObservedNamespace] { known[type] ?? [] }

  /// Returns a new namespace, which reuses a free inode number if there is one.
  ///
  /// - Parameter live: the links of all running tasks, whose inode numbers are taken.
  mutating func fresh(
    _ type: NamespaceType, live: some Sequence<[LinkState]>
  ) -> ObservedNamespace {
    let used = Set(live.flatMap { $0.compactMap(\.key) }.map(\.inode))
    let first = 4_026_532_000 + UInt64(type.rawValue) * 100
    let inode = (first..<first + 100).first { !used.contains($0) } ?? first
    known[type]?.removeAll { $0.inode == inode }
    nextID += 1
    let namespace = ObservedNamespace(
      type: type, inode: inode, kernelID: nextID, inodeGeneration: 0, isInitial: false)
    known[type]?.append(namespace)
    return namespace
  }
}
