// Reads the names of containers that users run without root, from files in the users' homes.

import Foundation
import Glibc
import Testing

@testable import Containers

struct UserFilesTests {
  private let root: FakeRoot
  private let storage = ".local/share/containers/storage/overlay-containers/containers.json"

  init() throws {
    root = try FakeRoot()
    try root.write(
      "etc/passwd",
      """
      # a comment
      broken:x:\(root.user)
      nobody:x:65534:65534:nobody:/nonexistent:/bin/false
      me:x:\(root.user):\(root.user):Me, and nobody else:/var/home/me:/bin/sh

      """)
  }

  @Test("Docker, Podman and nerdctl in the home of a user")
  func homes() throws {
    let home = "var/home/me"
    try root.write(
      FakeRoot.docker(in: "\(home)/.local/share/docker"), FakeRoot.dockerText("/mine"))
    try root.write("\(home)/\(storage)", FakeRoot.storageText("own", metadata: "{}"))
    try root.write(
      "run/user/\(root.user)/containerd/io.containerd.runtime.v2.task/default/\(Sample.id)/"
        + "config.json", FakeRoot.bundleText(["nerdctl/name": "box"]))
    #expect(try root.name(.docker, user: root.user)?.name == "mine")
    #expect(try root.name(.podman, user: root.user)?.name == "own")
    #expect(try root.name(.containerd, user: root.user)?.name == "box")
    // No other user has these containers, nor has root.
    for engine in [Engine.docker, .podman, .containerd, .crio] {
      #expect(try root.name(engine) == nil)
      #expect(try root.name(engine, user: 65534) == nil)
      #expect(try root.name(engine, user: 4711) == nil)
    }
  }

  @Test("Podman, with a home that is behind a symbolic link, and from the list in /run")
  func links() throws {
    try root.write("mnt/home/me/\(storage)", FakeRoot.storageText("own", metadata: "{}"))
    try root.link("var/home", to: "/mnt/home")
    #expect(try root.name(.podman, user: root.user)?.name == "own")
    try FileManager.default.removeItem(atPath: root.path("mnt"))
    #expect(try root.name(.podman, user: root.user) == nil)
    try root.write(
      "run/user/\(root.user)/containers/overlay-containers/volatile-containers.json",
      FakeRoot.storageText("brief", metadata: "{}"))
    #expect(try root.name(.podman, user: root.user)?.name == "brief")
  }

  @Test("a container that a user started through root is found in root's files")
  func root0() throws {
    try root.write(FakeRoot.docker(), FakeRoot.dockerText("/web"))
    #expect(try root.name(.docker, user: root.user)?.name == "web")
    #expect(try root.name(.docker, user: 4711)?.name == "web")
  }

  @Test(
    "a file in a user's home that belongs to another user is not read",
    .enabled(if: geteuid() == 0, "needs root, to give files to another user"))
  func foreign() throws {
    try root.write(
      "etc/passwd", "eve:x:4711:4711::/home/eve:/bin/sh\n")
    try root.write("home/eve/\(storage)", FakeRoot.storageText("secret", metadata: "{}"))
    #expect(try root.name(.podman, user: 4711) == nil)
    #expect(chown(root.path("home/eve/\(storage)"), 4711, 4711) == 0)
    #expect(try root.name(.podman, user: 4711)?.name == "secret")
  }

  /// Writes the files of /proc for a running process.
  private func run(_ pid: Int, _ words: String..., as user: UInt32 = UInt32(geteuid())) throws {
    let name = words[0].split(separator: "/").last ?? ""
    try root.write("proc/\(pid)/comm", "\(name)\n")
    try root.write("proc/\(pid)/cmdline", words.map { $0 + "\0" }.joined())
    if user != geteuid() {
      try #require(chown(root.path("proc/\(pid)/cmdline"), user, user) == 0)
    }
  }

  private func found(_ container: ContainerIdentity) throws -> String? {
    try ContainerNames(root: root.path("")).names(of: [container])[container]?.name
  }

  @Test(
    "the directory of an engine's files is taken from its arguments or its configuration",
    .enabled(if: geteuid() == 0, "needs root, whose processes they have to be"))
  func elsewhere() throws {
    let podman = ContainerIdentity(engine: .podman, id: Sample.id)
    let docker = ContainerIdentity(engine: .docker, id: Sample.id)
    #expect(try found(podman) == nil)
    try run(
      7, "/usr/bin/conmon", "--api-version", "1", "-c", Sample.id, "-u", Sample.id, "-n", "given",
      "--exit-command", "/usr/bin/podman", "--exit-command-arg", "--root", "--exit-command-arg",
      "/srv/pods")
    #expect(try found(podman) == "given")
    try root.write(
      "srv/pods/overlay-containers/containers.json", FakeRoot.storageText("kept", metadata: "{}"))
    #expect(try found(podman) == "kept")
    // A container that another user can have made gets no name from root's files.
    #expect(
      try found(.init(engine: .podman, id: Sample.id, user: 4711, isMadeByRoot: false)) == nil)
    #expect(try found(docker) == nil)
    try root.write(FakeRoot.docker(in: "srv/docker"), FakeRoot.dockerText("/web"))
    try run(8, "/usr/bin/dockerd", "--data-root=/srv/docker")
    #expect(try found(docker) == "web")
    try run(8, "/usr/bin/dockerd")
    #expect(try found(docker) == nil)
    try root.write("etc/docker/daemon.json", #"{"data-root": "/srv/docker"}"#)
    #expect(try found(docker) == "web")
  }

  @Test(
    "arguments of another user's process name no container of root",
    .enabled(if: geteuid() == 0, "needs root, to give files to another user"))
  func impostor() throws {
    try run(7, "conmon", "-c", Sample.id, "-n", "payments", as: 4711)
    try run(8, "dockerd", "--data-root", "/srv/docker", as: 4711)
    try root.write(FakeRoot.docker(in: "srv/docker"), FakeRoot.dockerText("/payments"))
    #expect(try found(.init(engine: .podman, id: Sample.id)) == nil)
    #expect(try found(.init(engine: .docker, id: Sample.id)) == nil)
    #expect(try found(.init(engine: .podman, id: Sample.id, user: 4711)) == "payments")
  }

  @Test(
    "a malformed /etc/passwd gives no home",
    arguments: ["", ":::::", "me:x:\(geteuid()):0::home/me:\n"])
  func badTable(text: String) throws {
    try root.write("etc/passwd", text)
    try root.write("home/me/\(storage)", FakeRoot.storageText("own", metadata: "{}"))
    #expect(try root.name(.podman, user: root.user) == nil)
  }
}
