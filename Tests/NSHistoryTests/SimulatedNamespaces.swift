import NSHistory
import NamespaceModel
import TestSupport

/// The namespaces of a made up machine that can be entered.
struct SimulatedNamespaces {
  /// The initial one of each type first.
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

  /// A new one, if it can be with an inode number that another had.
  ///
  /// - Parameter live: where everyone is: those numbers are taken.
  mutating func fresh(
    _ type: NamespaceType, live: some Sequence<[LinkState]>
  ) -> ObservedNamespace {
    let held = Set(live.flatMap { $0.compactMap(\.key) }.map(\.inode))
    let first = 4_026_532_000 + UInt64(type.rawValue) * 100
    let inode = (first..<first + 100).first { !held.contains($0) } ?? first
    known[type]?.removeAll { $0.inode == inode }
    nextID += 1
    let namespace = ObservedNamespace(
      type: type, inode: inode, kernelID: nextID, inodeGeneration: 0, isInitial: false)
    known[type]?.append(namespace)
    return namespace
  }
}
