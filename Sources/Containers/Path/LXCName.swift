/// Cgroups of LXC, and of Incus and LXD, which let it make them: `lxc.payload.NAME`, also below a
/// parent that the configuration names, or `lxc/NAME` (`src/lxc/cgroups` of liblxc).
enum LXCName {
  static func component(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    // Not below a container that has this name itself.
    if !above.isContainer, ["lxc", "lxc.payload"].contains(where: above.isBelow) {
      return part.name.map { .container(.lxc, id: $0) }
    }
    return part.between("lxc.payload.", "")?.name.map { .container(.lxc, id: $0) }
  }
}
