internal import NSHistory
internal import Procfs

/// What a recorder sets at a source of samples of its own choice.
protocol PassControl: AnyObject {
  /// The source, as a history names it.
  var kind: SessionInfo.Source { get }

  /// Sets which threads the next passes read.
  ///
  /// - Parameters:
  ///   - all: whether to read the threads of every process, where the source reads them only on request.
  ///   - sharing: whether the sample has to show every thread that exists, also those in the namespaces of their
  ///     process.
  func wantThreads(all: Bool, sharing: Bool)

  /// Has long passes call `onPause` now and then, and end as failed once `isCancelled` returns true; nil for neither.
  func setPauses(_ onPause: (() -> Void)?, isCancelled: (() -> Bool)?)
}

extension ProcfsSource: PassControl {
  var kind: SessionInfo.Source { .proc }

  func wantThreads(all: Bool, sharing: Bool) { readsThreads = all || sharing }

  func setPauses(_ onPause: (() -> Void)?, isCancelled: (() -> Bool)?) {
    pauses.onPause = onPause
    pauses.isCancelled = isCancelled
  }
}

/// A pass of a BPF program reads all threads without a request, and is too short to be cancelled.
extension BPFSource: PassControl {
  var kind: SessionInfo.Source { .bpf }

  func wantThreads(all: Bool, sharing: Bool) { readsSharingThreads = sharing }

  func setPauses(_ onPause: (() -> Void)?, isCancelled: (() -> Bool)?) { self.onPause = onPause }
}
