/// Recognizes the cgroups of LXC, and of Incus and LXD, which let LXC create them: `lxc.payload.NAME`,
/// also below a parent that the configuration names, or `lxc/NAME` (`src/lxc/cgroups` of liblxc).
enum LXCName {
  static func component(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    // A container may itself be named `lxc`; its subdirectories are no containers.
    if !above.isContainer, ["lxc", "lxc.payload"].contains(where: above.isBelow) {
      return part.name.map { .container(.lxc, id: $0) }
    }
    return part.between("lxc.payload.", "")?.name.map { .container(.lxc, id: $0) }
  }
}
