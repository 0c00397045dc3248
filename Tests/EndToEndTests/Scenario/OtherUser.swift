// Runs a program as the user nobody, who owns no files.

import Foundation
import TestSupport

enum OtherUser {
  private static let setpriv = "/usr/bin/setpriv"
  private static let identity = ["--reuid=65534", "--regid=65534", "--clear-groups"]

  /// Whether the tests may become that user, and that user may run the built `nshist`.
  static let isPossible: Bool = {
    let outcome = try? Command.run(setpriv, identity + [Command.nshist, "--version"])
    return geteuid() == 0 && outcome?.status == 0
  }()

  static let need = "needs root, setpriv, and an nshist that every user may run"

  /// The shell words that run a program as that user.
  static let command = ([setpriv] + identity).joined(separator: " ")

  /// Options of setpriv(1) that remove every capability for good.
  static let everyCapability = ["--bounding-set=-all", "--inh-caps=-all"]

  /// Starts `nshist` as that user.
  static func start(_ arguments: [String], dropping more: [String] = []) throws -> Command {
    try Command(setpriv, identity + more + [Command.nshist] + arguments)
  }

  /// Runs `nshist` as that user to its end.
  static func nshist(
    _ arguments: [String], dropping more: [String] = []
  ) throws -> Command.Outcome {
    try Command.run(setpriv, identity + more + [Command.nshist] + arguments)
  }
}

/// Sets the permission bits of a file or folder.
func chmod(_ path: String, to mode: Int) throws {
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}
