// Engine files that are no regular files, that are links out of the root, or that hold unexpected content.

import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Containers

struct HostileFilesTests {
  private let root: FakeRoot
  private let file = FakeRoot.docker()

  init() throws { root = try FakeRoot() }

  @Test("an engine file that is a symbolic link is not read")
  func links() throws {
    let outside = try FakeRoot()
    try outside.write(file, FakeRoot.dockerText("/outside"))
    try root.link(file, to: outside.path(file))
    #expect(try root.name(.docker) == nil)
    try FileManager.default.removeItem(atPath: root.path(file))
    try root.write("elsewhere.json", FakeRoot.dockerText("/elsewhere"))
    try root.link(file, to: "/elsewhere.json")
    #expect(try root.name(.docker) == nil)
  }

  @Test(
    "a folder that is a link to a path outside of the root is resolved within the root",
    arguments: ["var", "var/lib", "var/lib/docker", "var/lib/docker/containers/\(Sample.id)"])
  func folders(name: String) throws {
    let outside = try FakeRoot()
    try outside.write(file, FakeRoot.dockerText("/outside"))
    try root.link(name, to: outside.path(name))
    #expect(try root.name(.docker) == nil)
    // The parent of the root is the root itself.
    try FileManager.default.removeItem(atPath: root.path(name))
    try root.link(name, to: String(repeating: "../", count: 40) + outside.path(name).dropFirst())
    #expect(try root.name(.docker) == nil)
  }

  @Test("an absolute link in the root is resolved relative to the root")
  func inside() throws {
    try root.write("data/docker/containers/\(Sample.id)/config.v2.json", FakeRoot.dockerText("/a"))
    try root.link("var/lib/docker", to: "/data/docker")
    #expect(try root.name(.docker)?.name == "a")
  }

  @Test("a FIFO does not block a lookup", .timeLimit(.minutes(1)))
  func fifo() throws {
    try root.makeFolder(above: file)
    try #require(mkfifo(root.path(file), 0o600) == 0)
    #expect(try root.name(.docker) == nil)
  }

  @Test("a missing file, a folder, or a path through a file gives no name")
  func notFiles() throws {
    #expect(try root.name(.docker) == nil)
    try root.makeFolder(above: file + "/below")
    #expect(try root.name(.docker) == nil)
    try root.write("var/lib/containers/storage", "a file instead of a folder")
    #expect(try root.name(.podman) == nil)
  }

  @Test("a file of the largest permitted size is read, and a larger one is not")
  func size() throws {
    let text = FakeRoot.dockerText("/web")
    let room = StateRoot.limit - text.utf8.count
    try root.write(file, text + String(repeating: " ", count: room))
    #expect(try root.name(.docker)?.name == "web")
    try root.write(file, text + String(repeating: " ", count: room + 1))
    #expect(try root.name(.docker) == nil)
    // The file is sparse: it takes no space on the disk, but reading it would take 1 TiB of memory.
    #expect(truncate(root.path(file), 1 << 40) == 0)
    #expect(try root.name(.docker) == nil)
  }

  @Test("a truncated file gives no name, not even a part of one")
  func prefixes() throws {
    let text = Array(FakeRoot.dockerText("/web").utf8)
    for length in 0..<text.count {
      try root.write(file, Array(text[..<length]))
      #expect(try root.name(.docker) == nil, "cut at \(length)")
    }
  }

  @Test(
    "a file that is not in the engine's form gives no name",
    arguments: [
      "", "null", "[]", "{}", "42", "\"web\"", "{\"Name\":\"/web\"}", "[[[[", "\u{0}",
      "{\"ID\":\"\(Sample.id)\"}", "{\"ID\":\"\(Sample.id)\",\"Name\":\"/\"}",
      "{\"ID\":\"\(Sample.id)\",\"Name\":7}", "{\"ID\":\"\(Sample.id)\",\"Name\":null}",
      "{\"ID\":\"\(Sample.id)\",\"Name\":\"\"}", "{\"ID\":\"\(Sample.id)\",\"Name\":\"\\ud800\"}",
      "[{\"id\":\"\(Sample.id)\"}]", "[{\"id\":\"\(Sample.id)\",\"names\":null}]",
      "[{\"id\":\"\(Sample.id)\",\"names\":[\"\"]}]", "[7]", "{\"annotations\":7}",
      "{\"annotations\":{\"nerdctl/name\":7}}", "{\"annotations\":{\"nerdctl/name\":\"\"}}",
      String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    ])
  func garbage(text: String) throws {
    let task = "run/containerd/io.containerd.runtime.v2.task/default"
    for name in [
      file, "var/lib/containers/storage/overlay-containers/containers.json",
      "run/containers/storage/overlay-containers/\(Sample.id)/userdata/config.json",
      "\(task)/\(Sample.id)/config.json",
    ] { try root.write(name, text) }
    for engine in [Engine.docker, .podman, .crio, .containerd, nil] {
      #expect(try root.name(engine) == nil)
    }
  }

  @Test("a name that is not UTF-8 is ignored")
  func invalidName() throws {
    let parts = FakeRoot.dockerText("/we|b").split(separator: "|").map { Array($0.utf8) }
    try root.write(file, parts[0] + parts[1])
    #expect(try root.name(.docker)?.name == "web")
    try root.write(file, parts[0] + [0xFF] + parts[1])
    #expect(try root.name(.docker) == nil)
  }

  @Test("control characters of a name are returned unchanged")
  func control() throws {
    try root.write(file, FakeRoot.dockerText("/a\\u001b[31m\\nb\\u0000"))
    #expect(try root.name(.docker)?.name == "a\u{1B}[31m\nb\u{0}")
  }

  @Test("a file of another container gives this one no name")
  func otherID() throws {
    try root.write(file, FakeRoot.dockerText("/web", id: Sample.other))
    #expect(try root.name(.docker) == nil)
  }

  @Test(
    "an ID that is malformed or a path is not looked up",
    arguments: [
      "", "..", ".", "/", "a/../../\(Sample.id)", "../containers/\(Sample.id)", "\(Sample.id)/",
      "./\(Sample.id)", "\(Sample.id)\u{0}", Sample.id.uppercased(), String(Sample.id.dropLast()),
    ])
  func badID(id: String) throws {
    try root.write(file, FakeRoot.dockerText("/web", id: id))
    #expect(try root.name(.docker, id) == nil)
    #expect(try root.name(nil, id) == nil)
  }

  @Test("the error for a missing root has the path of the root")
  func noRoot() {
    let path = root.path("nothing")
    #expect(throws: ContainerNamesError(path: path, cause: .noSuchFileOrDirectory)) {
      try ContainerNames(root: path)
    }
  }

  @Test("no file is left open")
  func descriptors() throws {
    func count() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
    try root.write(file, FakeRoot.dockerText("/web"))
    let names = try ContainerNames(root: root.path(""))
    let containers = [Engine.docker, .podman, .crio, .containerd, nil].map {
      ContainerIdentity(engine: $0, id: Sample.id, user: root.user)
    }
    // Other tests open files at the same time: only many open files would fail the test.
    let before = try count()
    for _ in 0..<200 { for container in containers { _ = names.name(of: container) } }
    #expect(try count() < before + 200)
  }
}
