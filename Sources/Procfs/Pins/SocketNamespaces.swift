internal import CLinux
internal import Glibc

/// The net namespaces of sockets, by the cookie of the net namespace (SO_NETNS_COOKIE of `socket(7)`). The kernel never
/// assigns a cookie twice in one boot, and a namespace has one inode number and one id for life, so the scanner asks
/// for them only once for each cookie.
struct SocketNamespaces {
  private var known: [UInt64: RelationReader.Identity] = [:]
  private var seen: Set<UInt64> = []
  private var refused: Set<UInt64> = []

  /// Starts a scan. Where the kernel refused to open the namespace of a socket in the previous scan, this scan
  /// tries again.
  mutating func begin() {
    seen.removeAll()
    refused.removeAll()
  }

  /// Ends a scan: drops the namespaces that the scan did not find.
  mutating func finish() { known = known.filter { seen.contains($0.key) } }

  /// Returns the net namespace of a socket; nil if the kernel refuses to open it. Without a cookie, as
  /// before Linux 5.14, every call asks the kernel.
  mutating func namespace(
    of socket: Int32, cookie: UInt64?, by source: IdentitySource
  ) -> RelationReader.Identity? {
    guard let cookie else { return Self.ask(socket, source) }
    seen.insert(cookie)
    if let known = known[cookie] { return known }
    guard !refused.contains(cookie) else { return nil }
    guard let identity = Self.ask(socket, source) else {
      refused.insert(cookie)
      return nil
    }
    known[cookie] = identity
    return identity
  }

  private static func ask(
    _ socket: Int32, _ source: IdentitySource
  ) -> RelationReader.Identity? {
    let file = clinux_socket_namespace(socket)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return RelationReader.identify(file, by: source)
  }
}
