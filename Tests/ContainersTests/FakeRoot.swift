// A root folder for tests, with the files of container engines in the engines' own form.

import Foundation
import Glibc
import TestSupport

@testable import Containers

struct FakeRoot {
  private let folder: TemporaryFolder
  /// The UID of the owner of the files that are written here.
  let user = UInt32(geteuid())

  init() throws { folder = try TemporaryFolder() }

  func path(_ name: String) -> String { folder.file(name) }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try makeFolder(above: name)
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  func link(_ name: String, to target: String) throws {
    try makeFolder(above: name)
    try FileManager.default.createSymbolicLink(
      atPath: path(name), withDestinationPath: target)
  }

  func makeFolder(above name: String) throws {
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path(name)).deletingLastPathComponent(),
      withIntermediateDirectories: true)
  }

  func name(_ engine: Engine?, _ id: String = Sample.id, user: UInt32? = nil) throws
    -> ContainerName?
  {
    try ContainerNames(root: folder.path)
      .name(of: ContainerIdentity(engine: engine, id: id, user: user))
  }

  /// The path of the file in which Docker describes a container.
  static func docker(_ id: String = Sample.id, in data: String = "var/lib/docker") -> String {
    "\(data)/containers/\(id)/config.v2.json"
  }

  /// The file as moby writes it: the fields that are read, and a few others.
  static func dockerText(_ name: String, id: String = Sample.id, labels: String = "{}") -> String {
    """
    {"StreamConfig":{},"State":{"Running":true,"Paused":false,"Pid":1234,"Health":null},\
    "ID":"\(id)","Created":"2023-12-30T13:16:55.186239134Z","Managed":false,"Path":"nginx",\
    "Args":["-g","daemon off;"],"Config":{"Hostname":"\(id.prefix(12))","Env":["PATH=/bin"],\
    "Image":"nginx:1.27","Volumes":null,"Labels":\(labels)},"Image":"sha256:\(Sample.other)",\
    "Name":"\(name)","Driver":"overlay2","MountPoints":{},"RestartCount":0}
    """
  }

  /// A list of containers-storage with two containers; `metadata` is the JSON of the second one.
  static func storageText(_ name: String, id: String = Sample.id, metadata: String) -> String {
    let quoted = metadata.replacing("\"", with: "\\\"")
    return """
      [{"id":"\(Sample.other)","names":["another"],"image":"\(id)","layer":"\(id)",\
      "metadata":"","created":"2024-03-22T20:59:54.545266929Z","flags":{"MountLabel":""}},
      {"id":"\(id)","names":["\(name)"],"image":"\(Sample.other)","layer":"\(Sample.other)",\
      "metadata":"\(quoted)","created":"2024-03-22T20:59:54.545266929Z",\
      "flags":{"MountLabel":"system_u:object_r:container_file_t:s0:c14,c100"}}]
      """
  }

  /// The config.json of an OCI bundle with these annotations.
  static func bundleText(_ annotations: [String: String]) -> String {
    let pairs = annotations.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
    return """
      {"ociVersion":"1.2.0","process":{"args":["sleep"],"cwd":"/"},"root":{"path":"rootfs"},\
      "hostname":"web-0","annotations":{\(pairs)},"linux":{"cgroupsPath":"a"}}
      """
  }
}
