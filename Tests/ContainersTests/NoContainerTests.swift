// Paths that resemble those of containers but are of units, of monitors (the processes that supervise a container
// from outside), or of longer words that contain an ID.

import Testing

@testable import Containers

struct NoContainerTests {
  private static let id = Sample.id
  private static let slice =
    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(Sample.uidInSlice).slice"

  @Test(
    "the path of a systemd unit gives the unit and no container",
    arguments: [
      CgroupCase("0::/system.slice/nginx.service", unit: "nginx.service"),
      CgroupCase("0::/init.scope", unit: "init.scope"),
      CgroupCase("0::/system.slice/docker.service", unit: "docker.service"),
      CgroupCase("0::/system.slice/docker.socket", unit: "docker.socket"),
      CgroupCase(
        "0::/system.slice/system-getty.slice/getty@tty1.service", unit: "getty@tty1.service"),
      CgroupCase("0::/user.slice/user-1000.slice/session-3.scope", unit: "session-3.scope"),
      CgroupCase(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-a\\x2db-7.scope",
        unit: "app-a\\x2db-7.scope"),
      CgroupCase("0::/system.slice/a.service/sub/cgroup", unit: "a.service"),
      // systemd, src/basic/cgroup-util.c, cg_escape.
      CgroupCase("0::/system.slice/_cpu.service", unit: "cpu.service"),
      CgroupCase("0::/system.slice"), CgroupCase("0::/user.slice/user-1000.slice"),
      CgroupCase("0::/.service"), CgroupCase("0::/a b.service"), CgroupCase("0::/"),
      CgroupCase("0::/" + String(repeating: "a", count: 250) + ".service"),
      // podman, libpod/healthcheck_linux.go: systemd-run --unit <id>.
      CgroupCase("0::/system.slice/\(id).service", unit: "\(id).service"),
      // Started by hand with crun, and with bwrap.
      CgroupCase("0::/user.slice/mybox"),
      CgroupCase("0::/system.slice/crun-mybox.scope", unit: "crun-mybox.scope"),
    ])
  func units(row: CgroupCase) { check(row) }

  @Test(
    "the monitor of a container is not in the container",
    arguments: [
      // podman, libpod/oci_conmon_linux.go, and cri-o, internal/config/cgmgr.
      CgroupCase(
        "0::/machine.slice/libpod-conmon-\(id).scope", unit: "libpod-conmon-\(id).scope"),
      CgroupCase("0::/\(slice)/crio-conmon-\(id).scope", unit: "crio-conmon-\(id).scope"),
      CgroupCase("0::/kubepods/pod\(Sample.uid)/crio-conmon-\(id)"),
      CgroupCase("0::/libpod_parent/libpod-\(id)/conmon"), CgroupCase("0::/libpod_parent/conmon"),
      CgroupCase("0::/system.slice:libpod-conmon:\(id)"),
      // kata-containers, docs/design/host-cgroups.md.
      CgroupCase("0::/kata_overhead/\(id)"),
    ])
  func monitors(row: CgroupCase) { check(row) }

  @Test(
    "a word that is not exactly an ID names no container",
    arguments: [
      CgroupCase("0::/docker/\(id.dropLast())"), CgroupCase("0::/docker/\(id)0"),
      CgroupCase("0::/docker/0\(id)"), CgroupCase("0::/docker/\(id.uppercased())"),
      CgroupCase("0::/docker/x\(id)"), CgroupCase("0::/docker/\(id)x"),
      CgroupCase("0::/\(id)\(id)"), CgroupCase("0::/docker/\(id)-\(id.dropLast())"),
      CgroupCase("0::/buildkit/\(Sample.build)x"), CgroupCase("0::/ecs/a/\(Sample.hash)-"),
      CgroupCase("0::/kubepods/pod\(Sample.uid)x/"), CgroupCase("docker/\(id)"),
      CgroupCase("0:/docker/\(id)"), CgroupCase("0::docker/\(id)"), CgroupCase(""),
      CgroupCase("\n\n"),
    ])
  func notIDs(row: CgroupCase) { check(row) }

  private func check(_ row: CgroupCase) {
    #expect(row.membership.containers == [])
    #expect(row.membership.unit == row.unit)
  }
}
