internal import NamespaceModel
internal import Procfs

/// Reads the text of `/proc/PID/cgroup` of processes whose cgroup a pass shows to be new.
///
/// In the unified hierarchy the kernel never assigns the id of a cgroup twice in one boot, and no cgroup can be
/// renamed, so a process with the same id has the same text. Where hierarchies of version 1 exist, the record has only
/// a value that the kernel may use again (`TaskRecord.cgroupSet`), and a cgroup may be renamed (`cgroups(7)`); there,
/// each sample also reads a few texts of unchanged processes again.
struct CgroupTexts {
  private let root: ProcRoot
  private let probe: TaskProbe
  /// Whether hierarchies of version 1 exist.
  let needsRecheck: Bool
  /// The number of unchanged processes of each sample whose texts are read again.
  static let recheckedPerSample = 16

  init(_ root: ProcRoot, _ probe: TaskProbe) {
    self.root = root
    self.probe = probe
    guard case .success(let own) = root.read("self/cgroup") else {
      needsRecheck = true
      return
    }
    // The unified hierarchy has the number 0.
    needsRecheck = own.split(separator: 0x0A).contains { !$0.starts(with: "0::".utf8) }
  }

  /// Returns the text of a process or thread with this start time; nil if it cannot be read, as after its exit.
  func read(_ task: Int32, startTicks: UInt64) -> [UInt8]? {
    probe.cgroup(of: task, startTicks: startTicks)
  }
}
