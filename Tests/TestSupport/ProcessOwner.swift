// The processes, mounts and folders of a test have to live until the test ends, even where the test goes on using
// only their PIDs and paths. Without an owner, an optimised build releases an object after its last use, not at the
// end of its scope.

internal import Synchronization

// A release build compiles this target too, but without the module Testing.
#if canImport(Testing)
  public import Testing
#endif

/// Owns the processes, mounts and folders of one test, and releases them when the test ends.
public final class ProcessOwner: Sendable {
  /// The owner of the running test; nil outside of tests with the trait `.ownsProcesses`.
  @TaskLocal private static var current: ProcessOwner?

  /// Thrown when a process is started outside of a test with the trait `.ownsProcesses`.
  public struct Missing: Error, CustomStringConvertible {
    /// The rule that the test broke.
    public let description = "A test that starts processes needs the trait .ownsProcesses."
  }

  /// An object that only the test uses, so that it may move between threads.
  private struct Owned: @unchecked Sendable {
    let object: AnyObject
  }

  private let objects = Mutex<[Owned]>([])

  /// Owns an object until the running test ends. Does nothing outside of tests with the trait.
  public static func own(_ object: AnyObject) { current?.append(object) }

  /// Owns an object that has started a process, until the running test ends.
  static func ownProcess(_ object: AnyObject) throws(Missing) {
    guard let current else { throw Missing() }
    current.append(object)
  }

  /// Releases an object whose process has been reaped.
  static func drop(_ object: AnyObject) {
    let identity = ObjectIdentifier(object)
    current?.objects.withLock { objects in
      // Searches from the end: a test mostly ends the process that it started last.
      if let index = objects.lastIndex(where: { ObjectIdentifier($0.object) == identity }) {
        objects.remove(at: index)
      }
    }
  }

  private func append(_ object: AnyObject) {
    let owned = Owned(object: object)
    objects.withLock { $0.append(owned) }
  }

  /// Performs a test, and then releases its objects in the reverse order of their creation.
  fileprivate static func perform(_ test: @Sendable () async throws -> Void) async throws {
    let owner = ProcessOwner()
    defer { while owner.objects.withLock({ $0.popLast() }) != nil {} }
    try await $current.withValue(owner, operation: test)
  }
}

#if canImport(Testing)
  /// The trait `.ownsProcesses`: runs each test with a `ProcessOwner` of its own, on the threads for tests that wait.
  public struct ProcessOwning: TestTrait, SuiteTrait, TestScoping {
    /// The trait also holds for the suites inside of a suite.
    public var isRecursive: Bool { true }

    /// Gives each test, and each argument of a parameterized test, an owner of its own.
    public func provideScope(
      for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
      try await withTaskExecutorPreference(WaitingTests.shared) {
        try await ProcessOwner.perform(function)
      }
    }
  }

  extension Trait where Self == ProcessOwning {
    /// The processes that a test starts live until that test ends, and no longer.
    public static var ownsProcesses: Self { Self() }
  }
#endif
