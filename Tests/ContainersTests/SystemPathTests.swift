// Paths of LXC, of systemd's machines and of libvirt. The comment above a row names the source of its form.

import Testing

@testable import Containers

struct SystemPathTests {
  private static func found(
    _ engine: Engine, _ name: String, user: UInt32? = nil
  ) -> ContainerIdentity { ContainerIdentity(engine: engine, id: name, user: user) }

  @Test(
    "LXC, Incus and LXD",
    arguments: [
      // lxc, src/lxc/cgroups/cgroup.h: DEFAULT_PAYLOAD_CGROUP_PREFIX.
      CgroupCase("0::/lxc.payload.web", found(.lxc, "web")),
      CgroupCase(
        "0::/lxc.payload.web/system.slice/nginx.service", found(.lxc, "web"),
        unit: "nginx.service"),
      // lxc.container.conf(5), lxc.cgroup.dir; the container of a user: lxc-user-nic(1) and systemd-run(1).
      CgroupCase("0::/a.parent/lxc.payload.web", found(.lxc, "web")),
      CgroupCase(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u5.scope/lxc.payload.web",
        found(.lxc, "web", user: 1000), unit: "run-u5.scope"),
      // lxc 3 and older, and Proxmox VE with "ns" below (lxc.cgroup.dir.container.inner).
      CgroupCase("4:cpu,cpuacct:/lxc/web", found(.lxc, "web")),
      CgroupCase("0::/lxc/101/ns/init.scope", found(.lxc, "101"), unit: "init.scope"),
      CgroupCase("0::/lxc/machine-1/supervisor", found(.lxc, "machine-1")),
      CgroupCase("0::/lxc/lxc/init.scope", found(.lxc, "lxc"), unit: "init.scope"),
      CgroupCase("0::/lxc.payload/web", found(.lxc, "web")),
      // incus, internal/project: "<project>_<instance>", which is a name of LXC as well.
      CgroupCase("0::/lxc.payload.staging_web", found(.lxc, "staging_web")),
      CgroupCase("0::/lxc.payload.wéb", found(.lxc, "wéb")),
      // The monitor, which supervises the container, runs outside of it.
      CgroupCase("0::/lxc.monitor.web"), CgroupCase("0::/lxc.monitor/web"),
      CgroupCase("0::/lxc.pivot"), CgroupCase("0::/lxc"), CgroupCase("0::/lxc.payload."),
    ])
  func lxc(row: CgroupCase) { check(row) }

  @Test(
    "systemd-nspawn, machined and libvirt",
    arguments: [
      // systemd, src/nspawn/nspawn-cgroup.c, and units/systemd-nspawn@.service.
      CgroupCase(
        "0::/machine.slice/systemd-nspawn@my-box.service/payload", found(.nspawn, "my-box"),
        unit: "systemd-nspawn@my-box.service"),
      CgroupCase(
        "0::/machine.slice/systemd-nspawn@my-box.service/supervisor",
        unit: "systemd-nspawn@my-box.service"),
      CgroupCase(
        "1:name=systemd:/machine.slice/systemd-nspawn@box.service/system.slice/sshd.service",
        found(.nspawn, "box"), unit: "sshd.service"),
      // systemd, src/machine/machine.c: the name is escaped.
      CgroupCase(
        "0::/machine.slice/machine-my\\x2dbox.scope/payload/init.scope",
        found(.nspawn, "my-box"), unit: "init.scope"),
      CgroupCase(
        "1:name=systemd:/machine.slice/machine-box.scope", found(.machine, "box"),
        unit: "machine-box.scope"),
      // systemd, src/nspawn/nspawn-register.c, allocate_scope: a container that machined does not register.
      CgroupCase("0::/machine.slice/box.scope/payload", found(.nspawn, "box"), unit: "box.scope"),
      CgroupCase("0::/machine.slice/box.scope", unit: "box.scope"),
      CgroupCase("0::/system.slice/a.scope/payload", unit: "a.scope"),
      // libvirt.org/cgroups.html, with machined and without.
      CgroupCase(
        "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
        found(.machine, "qemu-1-vm"), unit: "machine-qemu\\x2d1\\x2dvm.scope"),
      CgroupCase(
        "2:cpuset:/machine/qemu-1-vm.libvirt-qemu/emulator", found(.machine, "qemu-1-vm")),
      CgroupCase("2:cpuset:/machine/lxc-1-box.libvirt-lxc", found(.machine, "lxc-1-box")),
      // A name that is invalid after unescaping is ignored.
      CgroupCase("0::/machine.slice/machine-a\\x2fb.scope", unit: "machine-a\\x2fb.scope"),
      CgroupCase("0::/machine.slice/machine-a\\xff.scope", unit: "machine-a\\xff.scope"),
      CgroupCase(
        "0::/machine.slice/machine-a\\x2.scope", found(.machine, "a\\x2"),
        unit: "machine-a\\x2.scope"),
      CgroupCase("0::/machine.slice/machine-.scope", unit: "machine-.scope"),
      CgroupCase("0::/machine.slice"),
    ])
  func machines(row: CgroupCase) { check(row) }

  private func check(_ row: CgroupCase) {
    #expect(row.membership.containers == row.containers)
    #expect(row.membership.unit == row.unit)
  }
}
