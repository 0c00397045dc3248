internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// What the steps of a scan find, and what they share: the names of namespaces, their relations, the proof that a file
/// is a namespace, and the counts of what could not be read.
final class PinFindings {
  let root: ProcRoot
  let identity: IdentitySource
  let proof: NamespaceProof
  let reader = PinLinkReader()
  private(set) var pins: Set<NamespacePin> = []
  private var names = PinIdentities()
  private var relations: PinRelations
  private var result = PinScan(start: ClockReading.zero)
  private var lastDenied: Int32 = 0

  init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    self.identity = identity
    proof = NamespaceProof(source: identity)
    relations = PinRelations(source: identity)
  }

  // MARK: A scan

  /// Starts a scan.
  func begin() {
    result = PinScan(start: .now())
    pins.removeAll()
    names.begin(varying: root.kthreaddInodes())
  }

  /// Ends a complete scan, and returns its result.
  func finish() -> PinScan {
    names.finish()
    result.pins = Array(pins)
    result.related = relations.retain(Set(pins.map(\.namespace)))
    result.end = .now()
    return result
  }

  /// The counts of the scan so far.
  var counts: PinScan { result }

  func add(_ pin: NamespacePin) { pins.insert(pin) }

  // MARK: Failures

  func countProcess() { result.processes += 1 }
  func countUnreadMounts() { result.unreadMounts += 1 }
  func countDeniedSockets() { result.socketsDenied += 1 }

  /// Counts a process that the scanner may not read. A process that is denied again is not counted again: the scan
  /// visits the processes one by one, so it is then the last one that was counted.
  func deny(_ pid: Int32) {
    guard pid != lastDenied || result.denied == 0 else { return }
    lastDenied = pid
    result.denied += 1
    result.firstDenied = result.firstDenied ?? pid
  }

  /// Throws if every following operation would fail with the same error, as without a free descriptor or memory.
  func check(_ errno: Errno, _ operation: String, _ name: String) throws(ProcfsError) {
    switch errno {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
      throw ProcfsError(
        operation: operation, path: "\(root.path)/\(name)", cause: .system(errno))
    default: return
    }
  }

  // MARK: Names

  /// Returns the namespace with an inode number, which a pin keeps.
  func name(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace {
    names.name(type, inode, id: id)
  }

  /// Returns the namespace with an inode number, which the scan did not find through a pin; nil if the number does not
  /// identify it.
  func nameWithoutPin(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace? {
    names.identifyWithoutPin(type, inode, id: id)
  }

  /// Notes that a mount table is read now, and returns the number of this step (`PinIdentities.step`).
  func beginTable() -> UInt64 {
    names.step += 1
    return names.step
  }

  /// Returns the namespace of a mount that could not be opened, with the kernel's id where it is proven.
  func name(_ mount: HiddenMounts.Mount) -> ObservedNamespace {
    let (type, inode) = (mount.entry.type, mount.entry.inode)
    var id = names.idBefore(mount.step, type, inode)
    if let known = id, !clinux_namespace_exists(known, type.cloneFlag, inode) { id = nil }
    return names.name(type, inode, id: id)
  }

  /// Returns the inode numbers of the mount namespaces whose mount tables have to be read again.
  func tablesToReadAgain(_ hidden: HiddenMounts) -> Set<UInt64> { hidden.tablesToReadAgain(names) }

  // MARK: Relations

  /// Whether the relations of the namespace are known.
  func knowsRelations(of namespace: ObservedNamespace) -> Bool { relations.knows(namespace) }

  /// Reads the relations of a namespace through its open file, which was not opened with `O_PATH`.
  func relate(_ namespace: ObservedNamespace, opened file: Int32) {
    guard !relations.knows(namespace) else { return }
    relations.ask(namespace, file, names: names)
  }

  /// Reads the relations of a namespace through a descriptor that was opened with `O_PATH`, if its file is this
  /// namespace.
  func relate(_ namespace: ObservedNamespace, path file: Int32) {
    guard !relations.knows(namespace) else { return }
    NamespaceProof.withReopened(file) { file in
      guard let now = RelationReader.identify(file, by: identity),
        now.inode == namespace.inode, now.id == namespace.kernelID,
        clinux_namespace_flag(file) == namespace.type.cloneFlag
      else { return }
      relations.ask(namespace, file, names: names)
    }
  }
}
