internal import Dispatch
internal import Procfs
internal import Synchronization
internal import SystemPackage

/// A worker on its own thread, for work that may take long, or that may hang on the files that it reads. The worker
/// processes one request at a time. The sampling loop polls for the result and never waits for it.
final class BackgroundWork<Request: Sendable, Result: Sendable>: Sendable {
  private let mailbox = Mailbox()
  private let makeWorker: @Sendable () -> (Request) -> Result
  private let hasThread = Mutex(false)

  /// - Parameter makeWorker: called once, on the worker thread; returns the function that processes a
  ///   request.
  init(_ makeWorker: @escaping @Sendable () -> (Request) -> Result) {
    self.makeWorker = makeWorker
  }

  deinit { mailbox.close() }

  /// Whether the worker is processing a request.
  var isRunning: Bool { mailbox.isRunning }

  /// Starts a request. The caller must not call `begin` while a request is running.
  ///
  /// Throws and starts nothing if the thread cannot be created; the next call tries again.
  func begin(_ request: Request) throws(Errno) {
    // Each instance has its own thread, so that a worker that hangs does not delay the others.
    try hasThread.withLock { (hasThread) throws(Errno) in
      guard !hasThread else { return }
      try BackgroundThread.start { [mailbox, makeWorker] in
        let work = makeWorker()
        while let request = mailbox.next() { mailbox.finish(work(request)) }
      }
      hasThread = true
    }
    mailbox.begin(request)
  }

  /// Returns the result of the last request, once; nil if there is no new result.
  func take() -> Result? { mailbox.take() }

  /// Passes requests to the worker thread, and results back.
  private final class Mailbox: Sendable {
    private struct State {
      var request: Request?
      var isRunning = false
      var result: Result?
    }

    private let state = Mutex(State())
    private let requests = DispatchSemaphore(value: 0)

    var isRunning: Bool { state.withLock { $0.isRunning } }

    func begin(_ request: Request) {
      state.withLock { state in
        state.request = request
        state.isRunning = true
      }
      requests.signal()
    }

    /// Waits for the next request; returns nil after `close`.
    func next() -> Request? {
      requests.wait()
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

    func close() { requests.signal() }
  }
}
