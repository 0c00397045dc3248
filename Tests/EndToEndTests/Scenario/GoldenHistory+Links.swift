// The namespaces of the processes in the golden history.

import NSHistory
import NamespaceModel

extension GoldenHistory {
  /// Returns a namespace that was made after boot.
  static func made(_ type: NamespaceType, _ inode: UInt64, _ id: UInt64) -> ObservedNamespace {
    ObservedNamespace(type: type, inode: inode, kernelID: id, inodeGeneration: 0, isInitial: false)
  }

  /// Returns the initial namespace of a type, with the inode number and the ID that it has since Linux 6.18.
  static func initial(_ type: NamespaceType) -> ObservedNamespace {
    let (inode, id): (UInt64, UInt64) =
      switch type {
      case .cgroup: (4_026_531_835, 5)
      case .ipc: (4_026_531_839, 1)
      case .mnt: (4_026_531_832, 8)
      case .net: (4_026_531_833, 7)
      case .pid: (4_026_531_836, 4)
      case .time: (4_026_531_834, 6)
      case .user: (4_026_531_837, 3)
      case .uts: (4_026_531_838, 2)
      }
    return ObservedNamespace(
      type: type, inode: inode, kernelID: id, inodeGeneration: 0, isInitial: true)
  }

  /// Returns links to the initial namespaces, with some types replaced. Children go into the namespaces of their
  /// parent.
  static func host(besides others: [ObservedNamespace] = []) -> Links {
    var links: Links = [:]
    for type in NamespaceType.allCases {
      let namespace = others.first { $0.type == type } ?? initial(type)
      links[type.link] = .namespace(namespace)
      links[type.linkForChildren] = .namespace(namespace)
    }
    return links
  }

  /// The links of a process that the recorder may not read.
  static let denied = Dictionary(
    uniqueKeysWithValues: NamespaceLink.allCases.map { ($0, LinkState.unread(.denied)) })

  /// The links of a zombie, which still has its pid and user namespaces.
  static let zombie = host().reduce(into: Links()) { links, link in
    let isKept = [.pid, .user].contains(link.key)
    links[link.key] = isKept ? link.value : .unread(.zombie)
  }
}
