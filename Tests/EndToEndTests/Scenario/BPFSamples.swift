// Whether this machine permits samples by BPF.

import NSRecorder
import TestSupport

enum BPFSamples {
  /// Whether a recorder can take samples by BPF.
  static let arePossible: Bool = {
    let configuration = RecorderConfiguration(database: "/nowhere/history.db")
    do {
      return try RecorderPreconditions.refusalOfBPF(configuration) == nil
    } catch { return false }
  }()

  static let need = "needs libbpf, BTF, namespace ids, CAP_BPF and CAP_PERFMON"
}
