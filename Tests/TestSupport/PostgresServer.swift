internal import Foundation
internal import Glibc
internal import Synchronization

/// A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port of the loopback device, run
/// by an unprivileged user. It ends with the program that started it.
public final class PostgresServer: Sendable {
  /// The folder of Debian's newest binaries; nil if there are none.
  public static let binaries: String? = {
    let root = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return versions.compactMap { Int($0) }.sorted().reversed().map { "\(root)/\($0)/bin" }
      .first {
        access("\($0)/initdb", X_OK) == 0 && access("\($0)/postgres", X_OK) == 0
          && access("/usr/bin/openssl", X_OK) == 0
      }
  }()

  /// Whether tests can start a server here.
  public static var isThere: Bool { binaries != nil }

  /// A failure to start the server, with what it printed.
  public struct Failure: Error, CustomStringConvertible {
    /// What was printed.
    public let description: String
  }

  /// The server that all tests of this program share.
  public static func shared() throws -> PostgresServer { try started.get() }

  private static let started = Result { try PostgresServer() }

  /// The folder of the cluster, of its socket and of its certificates.
  public let folder: String
  /// The port on 127.0.0.1, which is also that of the socket.
  public let port: Int
  /// The command before a program that makes it run as the user of the server.
  private let asUser: [String]
  private let wrapper: Mutex<Process?>
  private let databases = Atomic<Int>(0)

  /// Starts a server.
  public init() throws {
    guard let binaries = Self.binaries else { throw Failure(description: "no server here") }
    folder = "/tmp/nshist-pg-\(getpid())-\(UUID().uuidString.prefix(8))"
    port = try Self.freePort()
    asUser =
      geteuid() == 0
      ? ["/usr/bin/setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : []
    wrapper = Mutex(nil)
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false)
    if geteuid() == 0, let user = getpwnam("postgres") {
      chown(folder, user.pointee.pw_uid, user.pointee.pw_gid)
    }
    try shell(
      """
      set -e
      umask 077
      cd \(folder)
      \(binaries)/initdb -D data -U admin -A trust -E UTF8 --locale=C --no-sync >/dev/null
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=authority -keyout authority.key -out authority.crt 2>/dev/null
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
        -keyout server.key -out server.csr 2>/dev/null
      openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 2 \
        -out server.crt 2>/dev/null
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=other -keyout other.key -out other.crt 2>/dev/null
      chmod 755 .
      chmod 644 authority.crt other.crt
      cat >data/pg_hba.conf <<END
      local   all all              trust
      hostssl all all 127.0.0.1/32 scram-sha-256
      END
      cat >>data/postgresql.conf <<END
      listen_addresses = '127.0.0.1'
      port = \(port)
      unix_socket_directories = '\(folder)'
      unix_socket_permissions = 0777
      ssl = on
      ssl_cert_file = '\(folder)/server.crt'
      ssl_key_file = '\(folder)/server.key'
      shared_buffers = 32MB
      max_connections = 50
      fsync = off
      autovacuum = off
      END
      """)
    try start()
  }

  deinit { stop() }

  /// Starts the server again after `kill`.
  public func start() throws {
    let process = Process()
    // dash(1) would wait for a SIGCHLD that the threads of this program block.
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    // The shell ends the server when its standard input ends, which it does with this program.
    process.arguments =
      [
        "-c",
        "\"$@\" >>'\(folder)/log' 2>&1 & server=$!; echo $server >'\(folder)/pid'; read -r line; "
          + "kill -QUIT $server; wait $server; [ \"$line\" = keep ] || rm -rf '\(folder)'",
        "bash",
      ] + asUser + ["\(Self.binaries ?? "")/postgres", "-D", "\(folder)/data"]
    process.standardInput = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    wrapper.withLock { $0 = process }
    for _ in 0..<200 {
      usleep(50_000)
      let ready = try? shell("\(Self.binaries ?? "")/pg_isready -q -h \(folder) -p \(port)")
      if ready != nil { return }
    }
    let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
    throw Failure(description: "the server did not start: \(log.suffix(500))")
  }

  /// Ends the server as a crash does: it writes nothing any more.
  public func kill() throws {
    let text = try String(contentsOfFile: "\(folder)/data/postmaster.pid", encoding: .utf8)
    guard let first = text.split(separator: "\n").first, let pid = Int32(first) else {
      throw Failure(description: "no server runs")
    }
    // The children end when their postmaster has ended.
    Glibc.kill(pid, SIGKILL)
    end("keep")
    for _ in 0..<100 where Glibc.kill(pid, 0) == 0 { usleep(20_000) }
  }

  private func stop() { end("") }

  private func end(_ word: String) {
    wrapper.withLock { process in
      guard let process, let pipe = process.standardInput as? Pipe else { return }
      try? pipe.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
      try? pipe.fileHandleForWriting.close()
      process.waitUntilExit()
    }
    wrapper.withLock { $0 = nil }
  }

  // MARK: Databases

  /// Makes an empty database, and returns its name.
  public func makeDatabase() throws -> String {
    let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
    try sql("CREATE DATABASE \(name)", in: "postgres")
    return name
  }

  /// The URI of a database for a user, by the socket and without TLS.
  public func uri(_ database: String, _ user: String = "admin") -> String {
    "postgresql:///\(database)?host=\(folder)&port=\(port)&user=\(user)&sslmode=disable"
  }

  /// The URI of a database for a user, by TCP and with TLS.
  public func secureURI(
    _ database: String, _ user: String, passfile: String, host: String = "localhost",
    authority: String = "authority.crt"
  ) -> String {
    "postgresql://\(user)@\(host):\(port)/\(database)?hostaddr=127.0.0.1"
      + "&sslrootcert=\(folder)/\(authority)&passfile=\(passfile)"
  }

  /// Runs SQL, by default as the superuser, and returns what it prints, unaligned and without headings.
  @discardableResult
  public func sql(
    _ text: String, in database: String, as user: String = "admin"
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Self.binaries ?? "")/psql")
    process.arguments = [
      "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)", "-U", user,
      "-d", database, "-c", text,
    ]
    return try Self.output(of: process)
  }

  @discardableResult
  private func shell(_ script: String) throws -> String {
    let process = Process()
    let words = asUser + ["/bin/sh", "-c", script]
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    return try Self.output(of: process)
  }

  private static func output(of process: Process) throws -> String {
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard process.terminationStatus == 0 else { throw Failure(description: text) }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
      }
    }
    guard code == 0 else { throw Failure(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
