internal import CLinux
internal import Glibc

/// Which net namespace each cookie of a socket is. A cookie is never given twice in one boot, and a
/// namespace has one number and one id for life, so each is asked once.
struct SocketNamespaces {
  private var known: [UInt64: RelationQuestions.Identity] = [:]
  private var seen: Set<UInt64> = []
  private var refused: Set<UInt64> = []

  /// A scan begins: what was refused may be allowed now.
  mutating func begin() {
    seen.removeAll()
    refused.removeAll()
  }

  /// Forgets what the scan did not meet.
  mutating func finish() { known = known.filter { seen.contains($0.key) } }

  /// The namespace of a socket; nil when the kernel does not tell. Without a cookie, as before
  /// Linux 5.14, it is asked each time.
  mutating func namespace(
    of socket: Int32, cookie: UInt64?, by source: IdentitySource
  ) -> RelationQuestions.Identity? {
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
  ) -> RelationQuestions.Identity? {
    let file = clinux_socket_namespace(socket)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return RelationQuestions.identify(file, by: source)
  }
}
