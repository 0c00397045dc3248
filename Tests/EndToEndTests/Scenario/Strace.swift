// strace(1), by which tests make system calls of a program fail.

import Foundation

enum Strace {
  static let path = "/usr/bin/strace"
  static let need = "needs strace, to make system calls fail"

  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

  /// Returns the arguments before a program that make calls fail, such as `name:error=EIO:when=45..46`.
  static func injecting(_ faults: [String]) -> [String] {
    let calls = faults.map { $0.prefix { $0 != ":" } }.joined(separator: ",")
    return ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)"]
      + faults.flatMap { ["-e", "inject=\($0)"] }
  }

  /// The arguments that simulate a kernel without namespace IDs (before 6.18).
  static let withoutNamespaceIDs = injecting(["name_to_handle_at,ioctl:error=ENOTTY"])
}
