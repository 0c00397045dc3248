// The links of a task in the three forms that tests need: as a kernel record holds them, as a probe reads them, and
// as a sample shows them.

import NamespaceEvents
import NamespaceModel
import Procfs

@testable import NSRecorder
import TestSupport

/// The links of a task: a namespace for each, or why it could not be read.
struct TaskLinks: Hashable {
  var links: [NamespaceLink: TaskProbe.Link]

  /// The namespaces that the kernel makes at boot.
  static let host = TaskLinks(
    links: Dictionary(
      uniqueKeysWithValues: NamespaceLink.allCases.map { link in
        let number = UInt64(link.type.rawValue)
        return (link, .namespace(inode: 0xEFFF_FFF0 + number, id: number))
      }))

  /// A zombie in the host's namespaces: most of its links cannot be read.
  static let zombie = TaskLinks(
    links: host.links.mapValues { _ in .unread(.zombie) }
      .merging([.pid: host[.pid], .user: host[.user]]) { $1 })

  subscript(link: NamespaceLink) -> TaskProbe.Link { links[link] ?? .unread(.unsupported) }

  /// Returns the inode number of a namespace that is not the host's.
  static func inode(_ number: UInt64) -> UInt64 { InitialNamespace.firstDynamicInode + number }

  /// Returns these links with another namespace, for the task and for its children.
  func with(_ type: NamespaceType, _ number: UInt64, id: UInt64?) -> TaskLinks {
    let link = TaskProbe.Link.namespace(inode: Self.inode(number), id: id)
    return with(type.link, link).with(type.linkForChildren, link)
  }

  /// Returns these links with one link replaced.
  func with(_ link: NamespaceLink, _ value: TaskProbe.Link) -> TaskLinks {
    TaskLinks(links: links.merging([link: value]) { $1 })
  }

  /// Returns these links with one link that could not be read.
  func without(_ link: NamespaceLink, _ reason: UnreadReason) -> TaskLinks {
    with(link, .unread(reason))
  }

  /// The inode numbers as a record of the kernel holds them.
  var inodes: NamespaceInodes {
    var inodes: [NamespaceType: UInt64] = [:]
    for type in NamespaceType.allCases {
      if case .namespace(let inode, _)? = links[type.link] { inodes[type] = inode }
    }
    return NamespaceInodes(inodes)
  }

  /// The links as a sample shows them.
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

  /// Returns the result of a probe right after an event.
  func probed(_ wanted: [NamespaceLink] = NamespaceLink.allCases) -> ProbedTask {
    ProbedTask(links: links.filter { wanted.contains($0.key) }, time: 0)
  }
}
