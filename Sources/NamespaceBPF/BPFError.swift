package import SystemPackage

/// The reason why the kernel does not run this package's BPF programs here.
package struct BPFError: Error, Sendable, Hashable {
  /// The reasons.
  package enum Cause: Sendable, Hashable {
    /// libbpf cannot be opened; the value is the message of `dlopen(3)` or `dlsym(3)`.
    case noLibrary(String)
    /// The kernel gives no description of its types (BTF) at this path.
    case noTypes(path: String)
    /// The kernel does not permit an operation (EPERM or EACCES), and the process lacks these capabilities; none if it
    /// lacks none.
    case refused(Operation, missing: [String])
    /// An operation failed with this error; the text is the last warning of libbpf, empty if there was none.
    case failed(Operation, Errno, String)
  }

  /// The operations that can fail.
  package enum Operation: String, Sendable, Hashable {
    /// libbpf reads the compiled program.
    case open = "read the program"
    /// The kernel verifies the program.
    case load = "load the program"
    /// The kernel connects the program with the list of tasks, or with a tracepoint.
    case attach = "attach the program"
    /// The ring for the records of a program is mapped.
    case map = "map the ring of the program"
  }

  /// The reason.
  package let cause: Cause

  /// An error with this reason.
  package init(_ cause: Cause) { self.cause = cause }
}

extension BPFError: CustomStringConvertible {
  /// The error as one line.
  package var description: String { "\(fact); \(remedy)" }

  /// The failure, without its remedy.
  package var fact: String {
    switch cause {
    case .noLibrary(let message): "libbpf cannot be opened (\(message))"
    case .noTypes(let path): "the kernel gives no description of its types (\(path))"
    case .refused(let operation, _): "the kernel does not permit to \(operation.rawValue)"
    case .failed(let operation, let errno, let log):
      "cannot \(operation.rawValue): \(errno)\(log.isEmpty ? "" : " (\(log))")"
    }
  }

  /// The way to avoid the failure.
  package var remedy: String {
    switch cause {
    case .noLibrary: "install libbpf 1.0 or later (Debian's package libbpf1)"
    case .noTypes: "it takes a kernel with CONFIG_DEBUG_INFO_BTF, and a mounted /sys"
    case .refused(_, let missing) where missing.isEmpty:
      "the capabilities are there, so lockdown, a security module or a sandbox refuses"
    case .refused(_, let missing):
      "run it as root, or with \(missing.joined(separator: " and ")), of the initial user namespace"
    case .failed: "see the kernel's log"
    }
  }
}
