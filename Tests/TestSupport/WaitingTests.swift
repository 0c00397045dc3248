internal import Foundation

/// The threads that run the tests which start processes.
///
/// Such a test mostly waits for a program, and its thread with it. On the threads of Swift's own pool, of which there
/// is one a processor, it would keep the tests that compute from running meanwhile.
///
/// There are as many of these threads as processors. Some more start a test only while the processors are mostly idle,
/// which they are once the tests that compute have passed. Beside those, a test that expects a sample or an event at
/// some time would get too little processor time for that.
final class WaitingTests: TaskExecutor {
  /// The executor that all tests share.
  static let shared = WaitingTests(processors: ProcessInfo.processInfo.activeProcessorCount)

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
  private let idleTime: IdleTime

  private init(processors: Int) {
    idleTime = IdleTime(processors: processors)
    for number in 0..<2 * processors + 1 {
      let thread = Thread { [jobs, idleTime, unowned self] in
        while true {
          if number >= processors { idleTime.wait() }
          jobs.next().runSynchronously(on: self.asUnownedTaskExecutor())
        }
      }
      thread.start()
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }
}

/// Waits for times in which the processors of the machine have little to do.
private final class IdleTime: Sendable {
  private let processors: Int
  /// Held by the one thread that measures, so that one test starts in each idle time.
  private let lock = NSLock()

  init(processors: Int) { self.processors = processors }

  /// Waits until the processors were idle for at least half of the last half second.
  func wait() {
    lock.withLock {
      var before = Self.idleTicks()
      while true {
        Thread.sleep(forTimeInterval: 0.5)
        let now = Self.idleTicks()
        // A tick is a hundredth of a second.
        if now - before >= 25 * processors { return }
        before = now
      }
    }
  }

  /// The time that all processors were idle since the machine booted, in ticks; 0 if it cannot be read.
  ///
  /// See `proc_stat(5)`: the fourth number of the first line.
  private static func idleTicks() -> Int {
    let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    let numbers = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst()
    return numbers.dropFirst(3).first.flatMap { Int($0) } ?? 0
  }
}
