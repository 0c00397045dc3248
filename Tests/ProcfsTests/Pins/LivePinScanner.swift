// Helpers for the tests that scan the live /proc for pins.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

/// Scans the live /proc for pins.
struct LivePinScanner {
  let scanner: PinScanner
  let identity: IdentitySource

  init() throws {
    let root = try ProcRoot()
    identity = IdentitySource.probe(root)
    scanner = PinScanner(root: root, identity: identity)
  }

  /// Whether the kernel gives namespaces IDs.
  static var hasIDs: Bool {
    guard let root = try? ProcRoot() else { return false }
    return IdentitySource.probe(root) != .continuity
  }

  func pins(_ inode: UInt64?) throws -> [NamespacePin] {
    try scanner.scan().pins.filter { $0.namespace.inode == inode }
  }

  /// Scans until `isDone` returns true: a program that was just started needs a moment.
  func wait(_ isDone: (PinScan) -> Bool) throws -> PinScan? {
    for _ in 0..<200 {
      let scan = try scanner.scan()
      if isDone(scan) { return scan }
      usleep(20000)
    }
    return nil
  }
}

extension NamespacePin {
  /// The path of the mount, if the pin is one.
  var path: String? {
    if case .mount(let path, _) = holder { String(decoding: path, as: UTF8.self) } else { nil }
  }
}

/// The path `/proc/PID/ns/NAME` of a namespace of a process.
func namespaceFile(_ pid: Int32, _ type: NamespaceType) -> String { "/proc/\(pid)/ns/\(type)" }
