/// The address of a store: the URI of a PostgreSQL database (`libpq`, 34.1.1.2), with what this package decides
/// itself.
///
/// The connection is encrypted, and the server has to prove its name (`sslmode=verify-full`), unless the URI itself
/// asks for less: neither a service file nor `PGSSLMODE` can weaken it. This is also so for a loopback address and for a
/// socket in the file system, on which libpq offers no TLS.
struct StoreAddress {
  /// The parameters of the connection, by libpq's keywords.
  let parameters: [(keyword: String, value: String)]
  /// Whether a connection without TLS is refused.
  let needsTLS: Bool

  /// How long libpq waits for each of the server's addresses, in seconds.
  static let connectTimeout = 10

  init(_ uri: String, _ library: PostgresLibrary) throws(FleetError) {
    guard uri.hasPrefix("postgresql://") || uri.hasPrefix("postgres://") else {
      throw FleetError(.notAnAddress)
    }
    let given: [(keyword: String, value: String)]
    do throws(FleetError) { given = try library.parameters(uri) } catch {
      // libpq quotes the URI in some of its messages, and the URI may hold a password.
      throw FleetError(.notAnAddress, detail: uri.contains("@") ? "" : error.detail)
    }
    guard !given.contains(where: { $0.keyword == "password" || $0.keyword == "sslpassword" }) else {
      throw FleetError(.passwordInAddress)
    }
    let asked = given.first { $0.keyword == "sslmode" }?.value
    needsTLS = asked.map { ["require", "verify-ca", "verify-full"].contains($0) } ?? true
    var defaults = [
      ("connect_timeout", "\(Self.connectTimeout)"), ("application_name", "nshist"),
      ("client_encoding", "UTF8"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
      ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
    ]
    // An encryption by GSSAPI would take the place of TLS.
    if needsTLS { defaults += [("sslmode", "verify-full"), ("gssencmode", "disable")] }
    let known = Set(given.map(\.keyword))
    parameters = given + defaults.filter { !known.contains($0.0) }.map { ($0.0, $0.1) }
  }
}
