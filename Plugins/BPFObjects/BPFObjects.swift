import Foundation
import PackagePlugin

/// Compiles the BPF programs of a target (`Programs/*.bpf.c`) with the clang of the Swift toolchain, and embeds each
/// object in the target as an array of bytes: `Programs/Tasks.bpf.c` becomes `EmbeddedObject.tasks`.
@main
struct BPFObjects: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let clang = try context.tool(named: "clang").url
    let embed = try context.tool(named: "EmbedObject").url
    let folder = target.directoryURL.appending(path: "Programs")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    let headers = files.filter { $0.pathExtension == "h" }
    return files.filter { $0.lastPathComponent.hasSuffix(".bpf.c") }.map { source in
      let name = String(source.lastPathComponent.dropLast(".bpf.c".count))
      let output = context.pluginWorkDirectoryURL.appending(path: "\(name)Object.swift")
      return .buildCommand(
        displayName: "Compiling the BPF program \(source.lastPathComponent)", executable: embed,
        arguments: [clang.path, source.path, name.lowercased(), output.path],
        inputFiles: [source] + headers, outputFiles: [output])
    }
  }
}
