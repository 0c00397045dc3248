// The id of a container in the path of a cgroup, by the forms that engines give it.

import Testing

@testable import NSHistory

struct ContainerIDTests {
  private static let id = String(repeating: "0123456789abcdef", count: 4)
  private static let other = String(repeating: "fedcba9876543210", count: 4)

  @Test(
    "the id is found",
    arguments: [
      "0::/system.slice/docker-\(id).scope", "0::/docker/\(id)",
      "12:pids:/docker/\(id)\\n0::/docker/\(id)",
      "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podaa.slice/"
        + "cri-containerd-\(id).scope",
      "0::/machine.slice/libpod-\(id).scope/container",
      "0::/kubepods/besteffort/pod11111111-1111-4111-8111-111111111111/crio-\(id)",
      "0::/docker/\(other)/docker/\(id)",
    ])
  func found(cgroup: String) { #expect(ContainerID.inside(cgroup) == Self.id) }

  @Test(
    "there is none",
    arguments: [
      "", "0::/", "0::/system.slice/ssh.service", "0::/user.slice/user-0.slice/session-1.scope",
      "0::/machine.slice/libpod-conmon-\(id).scope", "0::/crio-conmon-\(id).scope",
      "0::/docker/\(id.dropLast())", "0::/docker/\(id)0", "0::/docker/\(id.uppercased())",
    ])
  func none(cgroup: String) { #expect(ContainerID.inside(cgroup) == nil) }
}
