// What looks like a container and is none: who watches one, units, and ids that are part of more.

import Testing

@testable import Containers

struct NoContainerTests {
  private static let id = Sample.id
  private static let slice =
    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(Sample.uidInSlice).slice"

  @Test(
    "units are units",
    arguments: [
      PlaceCase("0::/system.slice/nginx.service", unit: "nginx.service"),
      PlaceCase("0::/init.scope", unit: "init.scope"),
      PlaceCase("0::/system.slice/docker.service", unit: "docker.service"),
      PlaceCase("0::/system.slice/docker.socket", unit: "docker.socket"),
      PlaceCase(
        "0::/system.slice/system-getty.slice/getty@tty1.service", unit: "getty@tty1.service"),
      PlaceCase("0::/user.slice/user-1000.slice/session-3.scope", unit: "session-3.scope"),
      PlaceCase(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-a\\x2db-7.scope",
        unit: "app-a\\x2db-7.scope"),
      PlaceCase("0::/system.slice/a.service/sub/cgroup", unit: "a.service"),
      // systemd, src/basic/cgroup-util.c, cg_escape.
      PlaceCase("0::/system.slice/_cpu.service", unit: "cpu.service"),
      PlaceCase("0::/system.slice"), PlaceCase("0::/user.slice/user-1000.slice"),
      PlaceCase("0::/.service"), PlaceCase("0::/a b.service"), PlaceCase("0::/"),
      PlaceCase("0::/" + String(repeating: "a", count: 250) + ".service"),
      // podman, libpod/healthcheck_linux.go: systemd-run --unit <id>.
      PlaceCase("0::/system.slice/\(id).service", unit: "\(id).service"),
      // A runtime by hand, bwrap.
      PlaceCase("0::/user.slice/mybox"),
      PlaceCase("0::/system.slice/crun-mybox.scope", unit: "crun-mybox.scope"),
    ])
  func units(row: PlaceCase) { check(row) }

  @Test(
    "who watches a container",
    arguments: [
      // podman, libpod/oci_conmon_linux.go, and cri-o, internal/config/cgmgr.
      PlaceCase(
        "0::/machine.slice/libpod-conmon-\(id).scope", unit: "libpod-conmon-\(id).scope"),
      PlaceCase("0::/\(slice)/crio-conmon-\(id).scope", unit: "crio-conmon-\(id).scope"),
      PlaceCase("0::/kubepods/pod\(Sample.uid)/crio-conmon-\(id)"),
      PlaceCase("0::/libpod_parent/libpod-\(id)/conmon"), PlaceCase("0::/libpod_parent/conmon"),
      PlaceCase("0::/system.slice:libpod-conmon:\(id)"),
      // kata-containers, docs/design/host-cgroups.md.
      PlaceCase("0::/kata_overhead/\(id)"),
    ])
  func watchers(row: PlaceCase) { check(row) }

  @Test(
    "what is not an id",
    arguments: [
      PlaceCase("0::/docker/\(id.dropLast())"), PlaceCase("0::/docker/\(id)0"),
      PlaceCase("0::/docker/0\(id)"), PlaceCase("0::/docker/\(id.uppercased())"),
      PlaceCase("0::/docker/x\(id)"), PlaceCase("0::/docker/\(id)x"),
      PlaceCase("0::/\(id)\(id)"), PlaceCase("0::/docker/\(id)-\(id.dropLast())"),
      PlaceCase("0::/buildkit/\(Sample.build)x"), PlaceCase("0::/ecs/a/\(Sample.hash)-"),
      PlaceCase("0::/kubepods/pod\(Sample.uid)x/"), PlaceCase("docker/\(id)"),
      PlaceCase("0:/docker/\(id)"), PlaceCase("0::docker/\(id)"), PlaceCase(""), PlaceCase("\n\n"),
    ])
  func notIDs(row: PlaceCase) { check(row) }

  private func check(_ row: PlaceCase) {
    #expect(row.place.containers == [])
    #expect(row.place.unit == row.unit)
  }
}
