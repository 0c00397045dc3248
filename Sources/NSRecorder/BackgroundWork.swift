internal import Dispatch
internal import Procfs
internal import Synchronization
internal import SystemPackage

/// Work that may take long, or hang with what it reads, done one piece at a time by a thread of its own:
/// the loop that takes samples looks now and then whether something is done, and never waits for it.
final class BackgroundWork<Request: Sendable, Result: Sendable>: Sendable {
  private let desk = Mailbox()
  private let makeWorker: @Sendable () -> (Request) -> Result
  private let hasThread = Mutex(false)

  /// - Parameter makeWorker: called once, where the work is done; gives what does a piece of it.
  init(_ makeWorker: @escaping @Sendable () -> (Request) -> Result) {
    self.makeWorker = makeWorker
  }

  deinit { desk.close() }

  /// Whether a piece is being done.
  var isRunning: Bool { desk.isRunning }

  /// Begins a piece; to be called while none is being done.
  ///
  /// Throws, and begins none, where the thread for it cannot be made: the next piece tries again.
  func begin(_ request: Request) throws(Errno) {
    // One that hangs keeps none of the others waiting: each has its thread.
    try hasThread.withLock { (hasThread) throws(Errno) in
      guard !hasThread else { return }
      try BackgroundThread.start { [desk, makeWorker] in
        let work = makeWorker()
        while let request = desk.next() { desk.finish(work(request)) }
      }
      hasThread = true
    }
    desk.begin(request)
  }

  /// What came of the last piece, once.
  func take() -> Result? { desk.take() }

  /// Where requests and results are laid down.
  private final class Mailbox: Sendable {
    private struct State {
      var request: Request?
      var isRunning = false
      var result: Result?
    }

    private let state = Mutex(State())
    private let isAsked = DispatchSemaphore(value: 0)

    var isRunning: Bool { state.withLock { $0.isRunning } }

    func begin(_ request: Request) {
      state.withLock { state in
        state.request = request
        state.isRunning = true
      }
      isAsked.signal()
    }

    /// Waits for the next request; nil when there will be none.
    func next() -> Request? {
      isAsked.wait()
      return state.withLock { state in
        defer { state.request = nil }
        return state.request
      }
    }

    func finish(_ result: Result) {
      state.withLock { state in
        state.isRunning = false
        state.result = result
      }
    }

    func take() -> Result? {
      state.withLock { state in
        defer { state.result = nil }
        return state.result
      }
    }

    func close() { isAsked.signal() }
  }
}
