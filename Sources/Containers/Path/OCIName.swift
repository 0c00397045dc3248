/// Recognizes the cgroups of the engines that run OCI bundles: `PREFIX-<id>.scope` if systemd creates
/// them, `PARENT/<id>` or `PARENT/PREFIX-<id>` if the engine does, and `SLICE:PREFIX:<id>` if the
/// engine asked the runtime for a scope and the runtime created a directory instead.
///
/// A user who runs a runtime by hand (runc, crun) can give the cgroup any name, and bwrap creates none:
/// only an id of 64 digits identifies a container. Podman runs its health checks outside of the
/// container, in a service `<id>.service`.
enum OCIName {
  /// The engines by the text before the id, such as `docker-<id>.scope`.
  private static let prefixes: [(String, Engine)] = [
    ("docker", .docker), ("cri-containerd", .containerd), ("containerd", .containerd),
    ("nerdctl", .containerd), ("crio", .crio), ("libpod", .podman), ("libpod-payload", .podman),
  ]

  /// The engines by the parent, such as `/docker/<id>`. By default, containerd uses the name of its
  /// namespace.
  private static let parents: [(String, Engine)] = [
    ("docker", .docker), ("default", .containerd), ("k8s.io", .containerd),
  ]

  static func component(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    let name = part.between("", ".scope") ?? part
    if let build = buildStep(name, above) { return .container(.buildkit, id: build) }
    if above.isOfECS, let id = taskContainer(name) { return .container(.ecs, id: id) }
    guard let (before, id) = HexID.atEnd(of: name) else { return nil }
    if before.isEmpty {
      // This is a pod of Podman, if systemd does not manage the cgroups.
      if above.isBelow("libpod_parent") { return .pod(id) }
      return .container(engine(above.parent, in: parents), id: id)
    }
    let start = before.dropLast().split(separator: UInt8(ascii: ":")).last ?? []
    if start.hasSuffix("conmon") { return .monitor }
    return .container(engine(start, in: prefixes), id: id)
  }

  private static func engine(
    _ name: ArraySlice<UInt8>, in table: [(String, Engine)]
  ) -> Engine? {
    table.first { name.elementsEqual($0.0.utf8) }?.1
  }

  /// Returns the id of a BuildKit step, which has 25 digits in base 36: `buildkit/<id>` below its
  /// parent, or, for the BuildKit in Docker with systemd, `docker-<id>.scope`.
  private static func buildStep(_ name: ArraySlice<UInt8>, _ above: Ancestors) -> String? {
    let isBelow = above.isBelow("buildkit")
    guard let id = isBelow ? name : name.between("docker-", ""), id.count == 25,
      id.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
    else { return nil }
    return String(decoding: id, as: UTF8.self)
  }

  /// Returns the id of a container of an ECS task: `/ecs/<task>/<id>`. Since version 1.4 of Fargate the
  /// id is `<task>-<number>`.
  private static func taskContainer(_ name: ArraySlice<UInt8>) -> String? {
    if HexID.isID(name) { return String(decoding: name, as: UTF8.self) }
    let halves = name.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard halves.count == 2, halves[0].count == 32, HexID.isHexadecimal(halves[0]),
      halves[1].count <= 20, Decimal.isNumber(halves[1])
    else { return nil }
    return String(decoding: name, as: UTF8.self)
  }
}
