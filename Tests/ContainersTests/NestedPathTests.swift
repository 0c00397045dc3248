// Containers in containers, texts of several lines, and paths read from inside a cgroup namespace.

import Testing

@testable import Containers

struct NestedPathTests {
  private static let id = Sample.id
  private static let other = Sample.other
  private static let docker = ContainerIdentity(engine: .docker, id: id)
  private static let inner = ContainerIdentity(engine: .docker, id: other)
  private static let pod = "pod\(Sample.uid)"

  @Test(
    "nested containers are listed with the outer one first",
    arguments: [
      CgroupCase("0::/docker/\(id)/docker/\(other)", docker, inner),
      // kind: a node is a container of Docker.
      CgroupCase(
        "0::/system.slice/docker-\(id).scope/kubelet/kubepods/besteffort/\(pod)/\(other)", docker,
        ContainerIdentity(engine: nil, id: other, pod: Sample.uid), unit: "docker-\(id).scope"),
      // The pod belongs to the outer container.
      CgroupCase(
        "0::/kubepods/\(pod)/\(id)/docker/\(other)",
        ContainerIdentity(engine: nil, id: id, pod: Sample.uid), inner),
      CgroupCase(
        "0::/lxc.payload.a/machine.slice/libpod-\(id).scope/container",
        ContainerIdentity(engine: .lxc, id: "a"), ContainerIdentity(engine: .podman, id: id),
        unit: "libpod-\(id).scope"),
      CgroupCase(
        "0::/lxc.payload.a/lxc.payload.a", ContainerIdentity(engine: .lxc, id: "a"),
        ContainerIdentity(engine: .lxc, id: "a")),
      // The inner UID is one of the container, not of the machine, so it is ignored.
      CgroupCase(
        "0::/user.slice/user-7.slice/lxc.payload.a/user.slice/user-8.slice/docker-\(id).scope",
        ContainerIdentity(engine: .lxc, id: "a", user: 7), docker, unit: "docker-\(id).scope"),
      // The path names one container twice, because its cgroup is mounted into itself (kubernetes-sigs/kind,
      // images/base/files).
      CgroupCase("0::/docker/\(id)/docker/\(id)", docker),
      // The monitor of the inner container runs in the outer container.
      CgroupCase(
        "0::/docker/\(id)/machine.slice/libpod-conmon-\(other).scope", docker,
        unit: "libpod-conmon-\(other).scope"),
      CgroupCase("0::/docker/\(id)/lxc.monitor/a", docker),
    ])
  func nested(row: CgroupCase) { check(row) }

  @Test(
    "of several lines, the most specific one counts",
    arguments: [
      // ctrsploit/ctrsploit: on a machine with cgroups of versions 1 and 2, Docker leaves the path of version 2
      // unchanged.
      CgroupCase(
        "12:freezer:/docker/\(id)\n10:rdma:/\n1:name=systemd:/docker/\(id)\n"
          + "0::/system.slice/containerd.service\n", docker),
      CgroupCase(
        "0::/system.slice/containerd.service\n12:freezer:/docker/\(id)\n10:rdma:/\n", docker),
      CgroupCase(
        "2:cpu:/docker/\(id)\n1:name=systemd:/docker/\(id)/docker/\(other)", docker, inner),
      // Lines that name different containers do not mean that one is inside of the other: one of them counts.
      CgroupCase("2:cpu:/docker/\(id)\n1:name=systemd:/docker/\(other)\n", docker),
      CgroupCase("2:cpu:/\(other)\n1:pids:/docker/\(id)\n", docker),
      // Both lines name one container; each adds a fact (pod; engine and unit).
      CgroupCase(
        "2:cpu:/kubepods/\(pod)/\(id)\n1:name=systemd:/system.slice/docker-\(id).scope\n",
        ContainerIdentity(engine: .docker, id: id, pod: Sample.uid),
        unit: "docker-\(id).scope"),
      // opentelemetry-java, as in KubernetesPathTests.
      CgroupCase(
        "3:cpu:/a.slice:cri-containerd:\(id)\n"
          + "1:name=systemd:/system.slice/containerd.service/a.slice:cri-containerd:\(id)\n",
        ContainerIdentity(engine: .containerd, id: id), unit: "containerd.service"),
      // Not every hierarchy of version 1 has all units.
      CgroupCase(
        "9:pids:/user.slice/user-0.slice/user@0.service\n"
          + "1:name=systemd:/user.slice/user-0.slice/user@0.service/app.slice/a.service\n0::/\n",
        unit: "a.service"),
      CgroupCase("9:pids:/system.slice/a.service\n1:name=systemd:/\n", unit: "a.service"),
    ])
  func lines(row: CgroupCase) { check(row) }

  @Test(
    "paths that start with .., as read from inside a cgroup namespace",
    arguments: [
      CgroupCase("0::/../docker-\(id).scope", docker, unit: "docker-\(id).scope"),
      CgroupCase("0::/../../\(pod)/\(id)", ContainerIdentity(engine: nil, id: id, pod: Sample.uid)),
      CgroupCase("0::/../lxc.payload.a", ContainerIdentity(engine: .lxc, id: "a")),
      CgroupCase("0::/..", unit: nil), CgroupCase("0::/../..", unit: nil),
      CgroupCase("0::/../ssh.service", unit: "ssh.service"),
    ])
  func relative(row: CgroupCase) { check(row) }

  @Test("a removed cgroup still names its container")
  func deleted() {
    let text = "0::/system.slice/docker-\(Self.id).scope (deleted)\n"
    let membership = CgroupMembership(Array(text.utf8))
    #expect(membership.containers == [Self.docker])
    #expect(membership.unit == "docker-\(Self.id).scope")
    #expect(CgroupMembership(Array("1:cpu:/a.service (deleted)".utf8)).unit == nil)
  }

  private func check(_ row: CgroupCase) {
    #expect(row.membership.containers == row.containers)
    #expect(row.membership.unit == row.unit)
  }
}
