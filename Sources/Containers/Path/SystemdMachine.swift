/// Recognizes the cgroups of the machines of systemd-machined.service(8), and of libvirt.
///
/// machined creates `machine-NAME.scope` (`src/machine/machine.c`). systemd-nspawn(1) runs in that
/// scope, in `systemd-nspawn@NAME.service`, or, if unregistered, in `NAME.scope` of `machine.slice`.
/// With version 2 cgroups, systemd-nspawn moves itself to `supervisor`, and runs the container in
/// `payload`, both below that cgroup (`src/nspawn/nspawn-cgroup.c`). libvirt without machined uses
/// `machine/NAME.libvirt-qemu`.
enum SystemdMachine {
  static func component(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    if let below = belowMachine(part, above) { return below }
    if let name = part.between("machine-", ".scope") { return container(.machine, name) }
    if let name = part.between("systemd-nspawn@", ".service") { return container(.nspawn, name) }
    guard above.isBelow("machine") else { return nil }
    for end in [".libvirt-qemu", ".libvirt-lxc"] {
      if let name = part.between("", end) { return container(.machine, name) }
    }
    return nil
  }

  private static func belowMachine(
    _ part: ArraySlice<UInt8>, _ above: Ancestors
  ) -> PathComponent? {
    let isMachine =
      above.isContainer
      && (above.parent.between("machine-", ".scope") != nil
        || above.parent.between("systemd-nspawn@", ".service") != nil)
    if part.elementsEqual("supervisor".utf8) { return isMachine ? .monitorOfParent : nil }
    guard part.elementsEqual("payload".utf8) else { return nil }
    if isMachine { return .payload(id: "") }
    guard above.grandparent.elementsEqual("machine.slice".utf8), !above.isContainer else {
      return nil
    }
    return above.parent.between("", ".scope").flatMap(UnitName.unescaped).map { .payload(id: $0) }
  }

  private static func container(_ engine: Engine, _ name: ArraySlice<UInt8>) -> PathComponent? {
    UnitName.unescaped(name).map { .container(engine, id: $0) }
  }
}
