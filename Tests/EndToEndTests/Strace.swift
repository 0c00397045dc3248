// strace(1), which makes system calls of a program fail.

import Foundation

enum Strace {
  static let path = "/usr/bin/strace"
  static let need = "needs strace, to make system calls fail"

  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

  /// The arguments before a program by which calls fail as told: `name:error=EIO:when=45..46`.
  static func injecting(_ faults: [String]) -> [String] {
    let calls = faults.map { $0.prefix { $0 != ":" } }.joined(separator: ",")
    return ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)"]
      + faults.flatMap { ["-e", "inject=\($0)"] }
  }

  /// As on a kernel before 6.18.
  static let withoutNamespaceIDs = injecting(["name_to_handle_at,ioctl:error=ENOTTY"])
}
