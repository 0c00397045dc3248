// Where a task is, for tests that lay down by hand what the kernel reports: the same place as a record has
// it, as a look reads it and as a sample shows it.

import NamespaceEvents
import NamespaceModel
import Procfs

@testable import NSRecorder

/// The links of a task.
struct Place: Hashable {
  var links: [NamespaceLink: TaskProbe.Link]

  /// The namespaces that the kernel makes at boot.
  static let host = Place(
    links: Dictionary(
      uniqueKeysWithValues: NamespaceLink.allCases.map { link in
        let number = UInt64(link.type.rawValue)
        return (link, .namespace(inode: 0xEFFF_FFF0 + number, id: number))
      }))

  /// A zombie in the host's namespaces: of most it says nothing any more.
  static let zombie = Place(
    links: host.links.mapValues { _ in .unread(.zombie) }
      .merging([.pid: host[.pid], .user: host[.user]]) { $1 })

  subscript(link: NamespaceLink) -> TaskProbe.Link { links[link] ?? .unread(.unsupported) }

  /// Numbers of namespaces that are not the host's.
  static func inode(_ number: UInt64) -> UInt64 { InitialNamespace.firstDynamicInode + number }

  /// This with another namespace, where a task is and where its children go.
  func with(_ type: NamespaceType, _ number: UInt64, id: UInt64?) -> Place {
    let link = TaskProbe.Link.namespace(inode: Self.inode(number), id: id)
    return with(type.link, link).with(type.linkForChildren, link)
  }

  /// This with one link that is as given.
  func with(_ link: NamespaceLink, _ value: TaskProbe.Link) -> Place {
    Place(links: links.merging([link: value]) { $1 })
  }

  /// This with a link that could not be read.
  func without(_ link: NamespaceLink, _ reason: UnreadReason) -> Place {
    with(link, .unread(reason))
  }

  /// As a record of the kernel's has it.
  var inodes: NamespaceInodes {
    var inodes: [NamespaceType: UInt64] = [:]
    for type in NamespaceType.allCases {
      if case .namespace(let inode, _)? = links[type.link] { inodes[type] = inode }
    }
    return NamespaceInodes(inodes)
  }

  /// As a sample shows it.
  var states: [LinkState] {
    NamespaceLink.allCases.map { link in
      switch self[link] {
      case .unread(let reason): .unread(reason)
      case .namespace(let inode, let id):
        .namespace(
          ObservedNamespace(
            type: link.type, inode: inode, kernelID: id, inodeGeneration: id == nil ? inode : 0,
            isInitial: InitialNamespace.isInitial(
              link.type, inode, hasKernelID: id != nil, varying: [:])))
      }
    }
  }

  /// As it is read right after an event.
  func look(_ wanted: [NamespaceLink] = NamespaceLink.allCases) -> TaskLook {
    TaskLook(links: links.filter { wanted.contains($0.key) }, time: 0)
  }
}
