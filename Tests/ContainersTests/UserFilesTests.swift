// The names of containers that users run without root, in their homes.

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
    // They are nobody else's.
    for engine in [Engine.docker, .podman, .containerd, .crio] {
      #expect(try root.name(engine) == nil)
      #expect(try root.name(engine, user: 65534) == nil)
      #expect(try root.name(engine, user: 4711) == nil)
    }
  }

  @Test("Podman with a home behind a link, and a list that goes with the boot")
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

  @Test("what a user had root run is found where root's are")
  func root0() throws {
    try root.write(FakeRoot.docker(), FakeRoot.dockerText("/web"))
    #expect(try root.name(.docker, user: root.user)?.name == "web")
    #expect(try root.name(.docker, user: 4711)?.name == "web")
  }

  @Test(
    "a user's link to the file of another is not read for the user",
    .enabled(if: geteuid() == 0, "needs root, to give files to another user"))
  func foreign() throws {
    try root.write(
      "etc/passwd", "eve:x:4711:4711::/home/eve:/bin/sh\n")
    try root.write("home/eve/\(storage)", FakeRoot.storageText("secret", metadata: "{}"))
    #expect(try root.name(.podman, user: 4711) == nil)
    #expect(chown(root.path("home/eve/\(storage)"), 4711, 4711) == 0)
    #expect(try root.name(.podman, user: 4711)?.name == "secret")
  }

  /// A running process, as `/proc` shows it.
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
    "an engine that stores its files elsewhere, in a directory that its arguments name",
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
    // Who else can have made it has no name of root's.
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
    "what a process of another user says of a container of root's is not believed",
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
    "a table of users that is none", arguments: ["", ":::::", "me:x:\(geteuid()):0::home/me:\n"])
  func badTable(text: String) throws {
    try root.write("etc/passwd", text)
    try root.write("home/me/\(storage)", FakeRoot.storageText("own", metadata: "{}"))
    #expect(try root.name(.podman, user: root.user) == nil)
  }
}
