import Foundation

/// Compiles one BPF program, and writes a Swift file that holds the object. A tool of the plugin `BPFObjects`:
///
///     EmbedObject CLANG SOURCE NAME OUTPUT
@main
enum EmbedObject {
  static func main() {
    guard CommandLine.arguments.count == 5 else {
      fail("usage: EmbedObject CLANG SOURCE NAME OUTPUT")
    }
    let clang = CommandLine.arguments[1]
    let source = CommandLine.arguments[2]
    let name = CommandLine.arguments[3]
    let output = CommandLine.arguments[4]
    let object = output + ".o"
    do {
      let compiler = Process()
      compiler.executableURL = URL(filePath: clang)
      // -g makes the compiler write BTF, the description of types by which libbpf adapts the program to the kernel.
      compiler.arguments = [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-c", source,
        "-o", object,
      ]
      try compiler.run()
      compiler.waitUntilExit()
      guard compiler.terminationStatus == 0 else { fail("\(clang) cannot compile \(source)") }
      try stripDebugInformation(of: object, beside: clang)
      let bytes = try Data(contentsOf: URL(filePath: object))
      try text(of: bytes, called: name).write(
        to: URL(filePath: output), atomically: true, encoding: .utf8)
      try FileManager.default.removeItem(atPath: object)
    } catch {
      fail("cannot embed \(source): \(error)")
    }
  }

  /// Removes what -g adds besides BTF, a third of the object, where the toolchain has a tool for that.
  private static func stripDebugInformation(of object: String, beside clang: String) throws {
    let tool = URL(filePath: clang).deletingLastPathComponent().appending(path: "llvm-objcopy")
    guard FileManager.default.isExecutableFile(atPath: tool.path) else { return }
    let stripper = Process()
    stripper.executableURL = tool
    stripper.arguments = ["--strip-debug", object]
    try stripper.run()
    stripper.waitUntilExit()
    guard stripper.terminationStatus == 0 else { fail("\(tool.path) cannot strip \(object)") }
  }

  private static func text(of object: Data, called name: String) -> String {
    let rows = stride(from: 0, to: object.count, by: 24).map { start in
      object[start..<min(start + 24, object.count)].map(String.init).joined(separator: ", ")
    }
    return """
      extension EmbeddedObject {
        /// The ELF file of the program `\(name)`.
        static let \(name): [UInt8] = [
          \(rows.joined(separator: ",\n    ")),
        ]
      }

      """
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("EmbedObject: error: \(message)\n".utf8))
    exit(1)
  }
}
