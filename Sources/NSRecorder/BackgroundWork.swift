internal import Synchronization

/// Work that may take long, or hang with what it reads, done one piece at a time apart from the loop
/// that takes samples: that looks now and then whether something is done, and never waits for it.
final class BackgroundWork<Request: Sendable, Result: Sendable>: Sendable {
  private struct State {
    var isRunning = false
    var result: Result?
  }

  private let state = Mutex(State())
  private let requests: AsyncStream<Request>.Continuation

  /// - Parameter makeWorker: called once, where the work is done; gives what does a piece of it.
  init(_ makeWorker: @escaping @Sendable () -> (Request) -> Result) {
    let (stream, continuation) = AsyncStream.makeStream(of: Request.self)
    requests = continuation
    Task.detached { [weak self] in
      let work = makeWorker()
      for await request in stream {
        let result = work(request)
        self?.state.withLock { $0 = State(isRunning: false, result: result) }
      }
    }
  }

  deinit { requests.finish() }

  /// Whether a piece is being done.
  var isRunning: Bool { state.withLock { $0.isRunning } }

  /// Begins a piece; to be called while none is being done.
  func begin(_ request: Request) {
    state.withLock { $0.isRunning = true }
    requests.yield(request)
  }

  /// What came of the last piece, once.
  func take() -> Result? {
    state.withLock { state in
      defer { state.result = nil }
      return state.result
    }
  }
}
