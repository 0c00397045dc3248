// Feeds parsers and a history with inputs: the kept ones in `Inputs`, and in `Tests/fuzz` those that libFuzzer makes.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized)
struct FuzzTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Inputs")

  /// An input that was a fault once, or that reaches code which others do not.
  struct Input: CustomTestStringConvertible {
    let target: String
    let file: URL

    var testDescription: String { "\(target)/\(file.lastPathComponent)" }
  }

  static func inputs(_ target: String) throws -> [Input] {
    try FileManager.default.contentsOfDirectory(
      at: folder.appendingPathComponent(target), includingPropertiesForKeys: nil
    ).sorted { $0.path < $1.path }.map { Input(target: target, file: $0) }
  }

  @Test("no kept input ends the program", arguments: FuzzTargets.all.keys.sorted())
  func kept(target: String) throws {
    let run = try #require(FuzzTargets.all[target])
    let inputs = try Self.inputs(target)
    #expect(inputs.count > 3, "\(target) has too few inputs to prove anything")
    for input in inputs { run(Array(try Data(contentsOf: input.file))) }
  }
}

/// The function that libFuzzer calls for each input it makes. `Tests/fuzz` links its runtime, whose `main` takes the
/// place of that of the tests, and names the target in `NSHIST_FUZZ_TARGET`.
@_cdecl("LLVMFuzzerTestOneInput")
func feed(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> Int32 {
  chosen(Array(UnsafeBufferPointer(start: bytes, count: length)))
  return 0
}

private let chosen: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["NSHIST_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTargets.all[name] else {
    fatalError("NSHIST_FUZZ_TARGET names no target: '\(name)'")
  }
  return target
}()
