internal import CLinux
package import SystemPackage

/// Starts threads with small stacks: a stack of the usual 8 MiB cannot be allocated under a tight limit of
/// address space.
package enum BackgroundThread {
  /// The size of each stack, in bytes.
  package static let stackBytes = 1 << 20

  /// Starts a thread that runs `body` and ends with it. The thread receives no signals.
  ///
  /// Throws the error of `pthread_create(3)`: `EAGAIN` if a limit of processes or of memory is reached.
  package static func start(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    let context = Unmanaged.passRetained(Body(body))
    let failure = clinux_start_thread(
      stackBytes,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard failure == 0 else {
      context.release()
      throw Errno(rawValue: failure)
    }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
