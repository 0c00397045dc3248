/// Recognizes the cgroups of pods.
///
/// The kubelet creates `pod<uid>`, or with systemd `kubepods-burstable-pod<uid>.slice`, with
/// underscores instead of the dashes of the UID (`pkg/kubelet/cm/cgroup_manager_linux.go`). Podman
/// creates `machine-libpod_pod_<id>.slice`.
enum PodName {
  static func component(_ part: ArraySlice<UInt8>, _ above: Ancestors) -> PathComponent? {
    if let uid = part.between("pod", "").flatMap(uid) { return .pod(uid) }
    guard let slice = slice(of: part) else { return nil }
    let last = slice.split(separator: UInt8(ascii: "-")).last ?? []
    if let id = last.between("libpod_pod_", ""), HexID.isID(id) {
      return .pod(String(decoding: id, as: UTF8.self))
    }
    guard let uid = last.between("pod", "").flatMap(uid) else { return nil }
    return .pod(uid)
  }

  /// Returns the pod that a component `SLICE:PREFIX:<id>` names beside the container.
  static func beside(_ part: ArraySlice<UInt8>) -> String? {
    guard let colon = part.firstIndex(of: UInt8(ascii: ":")),
      case .pod(let uid) = component(part[..<colon], Ancestors())
    else { return nil }
    return uid
  }

  private static func slice(of part: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    part.between("", ".slice")
  }

  /// Returns the UID with dashes; nil if the bytes are not a UID. The UID of a static pod is a hash
  /// without dashes.
  private static func uid(_ bytes: ArraySlice<UInt8>) -> String? {
    let groups = bytes.split(omittingEmptySubsequences: false) {
      $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
    guard groups.map(\.count) == [8, 4, 4, 4, 12] || groups.map(\.count) == [32],
      groups.allSatisfy(HexID.isHexadecimal)
    else { return nil }
    return groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
  }
}
