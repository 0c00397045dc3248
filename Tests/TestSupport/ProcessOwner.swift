// What a test starts and makes lives until the test ends, also where the test goes on with nothing but PIDs and
// paths: an optimised build releases an object after its last use, not at the end of its scope.

internal import Synchronization

// A release build makes this target too, and has no such module.
#if canImport(Testing)
  public import Testing
#endif

/// Owns the processes, mounts and folders of one test, and drops them when the test ends.
public final class ProcessOwner: Sendable {
  /// The owner of the running test; nil outside of tests with the trait `.ownsProcesses`.
  @TaskLocal private static var current: ProcessOwner?

  /// A process was started outside of a test with the trait `.ownsProcesses`.
  public struct Missing: Error, CustomStringConvertible {
    /// What to do about it.
    public let description = "A test that starts processes needs the trait .ownsProcesses."
  }

  /// An object of the test, which nobody but the test uses.
  private struct Owned: @unchecked Sendable {
    let object: AnyObject
  }

  private let objects = Mutex<[Owned]>([])

  /// Keeps an object until the running test ends; does nothing outside of tests with the trait.
  public static func own(_ object: AnyObject) { current?.append(object) }

  /// Keeps an object that has started a process.
  static func ownProcess(_ object: AnyObject) throws(Missing) {
    guard let current else { throw Missing() }
    current.append(object)
  }

  /// Drops an object whose process has been reaped.
  static func drop(_ object: AnyObject) {
    let identity = ObjectIdentifier(object)
    current?.objects.withLock { objects in
      // A test mostly ends what it started last.
      if let index = objects.lastIndex(where: { ObjectIdentifier($0.object) == identity }) {
        objects.remove(at: index)
      }
    }
  }

  private func append(_ object: AnyObject) {
    let owned = Owned(object: object)
    objects.withLock { $0.append(owned) }
  }

  /// Performs a test, and drops its objects afterwards: those that were made last first.
  fileprivate static func perform(_ test: @Sendable () async throws -> Void) async throws {
    let owner = ProcessOwner()
    defer { while owner.objects.withLock({ $0.popLast() }) != nil {} }
    try await $current.withValue(owner, operation: test)
  }
}

#if canImport(Testing)
  /// See `.ownsProcesses`.
  public struct ProcessOwning: TestTrait, SuiteTrait, TestScoping {
    /// Tests of the suites in a suite have it too.
    public var isRecursive: Bool { true }

    /// Gives each test, and each of its arguments, an owner of its own.
    public func provideScope(
      for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
      try await ProcessOwner.perform(function)
    }
  }

  extension Trait where Self == ProcessOwning {
    /// The processes that a test starts live until it ends, and no longer.
    public static var ownsProcesses: Self { Self() }
  }
#endif
