internal import Foundation

/// The threads that run the tests which start processes.
///
/// Such a test mostly waits for a program, and its thread with it. On the threads of Swift's own pool, of which there is
/// one a processor, it would keep the tests that compute from running meanwhile.
final class WaitingTests: TaskExecutor {
  /// The executor that all tests share.
  static let shared = WaitingTests(threads: ProcessInfo.processInfo.activeProcessorCount)

  /// The jobs that wait for a thread, first come, first served.
  private final class Jobs: @unchecked Sendable {
    // Every access to `jobs` holds `lock`.
    private let lock = NSCondition()
    private var jobs: [UnownedJob] = []

    func append(_ job: UnownedJob) {
      lock.withLock { jobs.append(job) }
      lock.signal()
    }

    /// Waits until there is a job, and removes it.
    func next() -> UnownedJob {
      lock.withLock {
        while jobs.isEmpty { lock.wait() }
        return jobs.removeFirst()
      }
    }
  }

  private let jobs = Jobs()

  private init(threads: Int) {
    for _ in 0..<threads {
      let thread = Thread { [jobs, unowned self] in
        while true { jobs.next().runSynchronously(on: self.asUnownedTaskExecutor()) }
      }
      thread.start()
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }
}
