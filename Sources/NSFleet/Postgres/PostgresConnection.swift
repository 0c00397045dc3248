internal import Glibc

/// One connection to a PostgreSQL server.
///
/// No call waits for the server for longer than the connection's patience without any progress: a network that drops
/// every packet gives no error for minutes. Everything travels as text; a value of a parameter is never part of the
/// SQL.
final class PostgresConnection {
  private let library: PostgresLibrary
  private let handle: PostgresLibrary.Handle
  /// How long a call waits for the server, in milliseconds.
  private let timeout: Int32

  /// Connects.
  ///
  /// - Parameter timeout: how long a call waits for the server, in milliseconds.
  init(_ uri: String, timeout: Int32 = 60_000) throws(FleetError) {
    library = try PostgresLibrary()
    self.timeout = timeout
    let address = try StoreAddress(uri, library)
    let keywords = address.parameters.map { strdup($0.keyword) }
    let values = address.parameters.map { strdup($0.value) }
    defer { for text in keywords + values { free(text) } }
    let opened = library.connect(
      keywords.map { $0.map { UnsafePointer($0) } } + [nil],
      values.map { $0.map { UnsafePointer($0) } } + [nil], 0)
    guard let opened else { throw FleetError(.failed, detail: "out of memory") }
    guard library.status(opened) == PostgresLibrary.connectionOK else {
      let message = library.errorMessage(opened).map { String(cString: $0) } ?? ""
      library.finish(opened)
      throw Self.refusal(message)
    }
    guard !address.needsTLS || library.isTLSInUse(opened) != 0 else {
      library.finish(opened)
      throw FleetError(.notTrusted, detail: "the connection is not encrypted")
    }
    handle = opened
    guard library.setNonblocking(handle, 1) == 0 else { throw lost() }
  }

  deinit { library.finish(handle) }

  /// Returns the error for a connection that failed. libpq gives no code for it but its message, which the tests pin.
  private static func refusal(_ message: String) -> FleetError {
    func has(_ texts: String...) -> Bool { texts.contains { message.contains($0) } }
    if has("definition of service", "service file") {
      return FleetError(.noSuchService, detail: message)
    }
    if has("certificate", "SSL", "server name") { return FleetError(.notTrusted, detail: message) }
    if has("authentication failed", "no password supplied", "no pg_hba.conf entry", "has expired") {
      return FleetError(.notAuthenticated, detail: message)
    }
    if has("timeout expired") { return FleetError(.timedOut, detail: message) }
    if has("does not exist") { return FleetError(.notAStore, detail: message) }
    if has("is not permitted to log in", "permission denied") {
      return FleetError(.denied, detail: message)
    }
    return FleetError(.unreachable, detail: message)
  }

  // MARK: Statements

  /// Runs a statement, and calls `row` for each of its rows, as they come.
  func run(
    _ sql: String, _ values: [String?] = [],
    row: (borrowing PostgresRow) throws(FleetError) -> Void = { _ in }
  ) throws(FleetError) {
    let texts = values.map { $0.flatMap { strdup($0) } }
    defer { for text in texts { free(text) } }
    let sent = library.sendQuery(
      handle, sql, Int32(values.count), nil, texts.map { $0.map { UnsafePointer($0) } }, nil, nil, 0
    )
    guard sent == 1 else { throw lost() }
    _ = library.setSingleRowMode(handle)
    try flush()
    var failure: FleetError?
    while let result = try nextResult() {
      defer { library.clear(result) }
      switch library.resultStatus(result) {
      case PostgresLibrary.singleTuple, PostgresLibrary.tuplesOK:
        for index in 0..<library.rowCount(result) where failure == nil {
          do throws(FleetError) {
            try row(PostgresRow(library, result, index))
          } catch { failure = error }
        }
      case PostgresLibrary.commandOK: break
      default: failure = failure ?? error(of: result)
      }
    }
    if let failure { throw failure }
  }

  /// Runs several statements, separated by semicolons, that have no parameters and whose rows nobody needs.
  func runScript(_ sql: String) throws(FleetError) {
    guard library.sendScript(handle, sql) == 1 else { throw lost() }
    try flush()
    var failure: FleetError?
    while let result = try nextResult() {
      defer { library.clear(result) }
      switch library.resultStatus(result) {
      case PostgresLibrary.commandOK, PostgresLibrary.tuplesOK: break
      default: failure = failure ?? error(of: result)
      }
    }
    if let failure { throw failure }
  }

  /// Returns the first row of a statement; nil if it has none.
  func first<T>(
    _ sql: String, _ values: [String?] = [], _ body: (borrowing PostgresRow) throws(FleetError) -> T
  ) throws(FleetError) -> T? {
    var found: T?
    try run(sql, values) { (row) throws(FleetError) in if found == nil { found = try body(row) } }
    return found
  }

  /// Runs a `COPY ... FROM STDIN` with data in its text format.
  func copy(_ sql: String, _ data: [UInt8]) throws(FleetError) {
    guard library.sendQuery(handle, sql, 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
    try flush()
    guard let begun = try nextResult() else { throw lost() }
    defer { library.clear(begun) }
    guard library.resultStatus(begun) == PostgresLibrary.copyIn else {
      let failure = error(of: begun)
      try drain()
      throw failure
    }
    var sent = 0
    while sent < data.count {
      let count = min(data.count - sent, 1 << 16)
      let code = data.withUnsafeBytes {
        library.putCopyData(handle, $0.baseAddress.map { $0 + sent }, Int32(count))
      }
      guard code >= 0 else { throw lost() }
      if code == 1 { sent += count }
      try flush()
    }
    while true {
      let code = library.putCopyEnd(handle, nil)
      guard code >= 0 else { throw lost() }
      if code == 1 { break }
      try wait(for: Int16(POLLOUT))
    }
    try flush()
    var failure: FleetError?
    while let result = try nextResult() {
      if library.resultStatus(result) != PostgresLibrary.commandOK {
        failure = failure ?? error(of: result)
      }
      library.clear(result)
    }
    if let failure { throw failure }
  }

  /// Runs `body` in one transaction.
  func transaction<T>(
    _ begin: String = "BEGIN", _ body: () throws(FleetError) -> T
  ) throws(FleetError) -> T {
    try run(begin)
    do {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      // The caller throws the original error; a connection that is lost cannot be rolled back, and need not be.
      do { try run("ROLLBACK") } catch {}
      throw error
    }
  }

  // MARK: Waiting

  private func flush() throws(FleetError) {
    while true {
      let code = library.flush(handle)
      guard code >= 0 else { throw lost() }
      if code == 0 { return }
      // The server may have to send before it reads on, as with many notices.
      let ready = try wait(for: Int16(POLLIN | POLLOUT))
      if ready & Int16(POLLIN) != 0 {
        guard library.consumeInput(handle) == 1 else { throw lost() }
      }
    }
  }

  private func nextResult() throws(FleetError) -> PostgresLibrary.Handle? {
    while library.isBusy(handle) != 0 {
      _ = try wait(for: Int16(POLLIN))
      guard library.consumeInput(handle) == 1 else { throw lost() }
    }
    return library.nextResult(handle)
  }

  private func drain() throws(FleetError) {
    while let result = try nextResult() { library.clear(result) }
  }

  @discardableResult
  private func wait(for events: Int16) throws(FleetError) -> Int16 {
    var descriptor = pollfd(fd: library.socket(handle), events: events, revents: 0)
    while true {
      let count = poll(&descriptor, 1, timeout)
      if count > 0 { return descriptor.revents }
      if count == 0 { throw FleetError(.timedOut, detail: "no answer for \(timeout / 1000) s") }
      guard errno == EINTR else { throw lost() }
    }
  }

  // MARK: Errors

  private func lost() -> FleetError {
    FleetError(
      .connectionLost, detail: library.errorMessage(handle).map { String(cString: $0) } ?? "")
  }

  private func error(of result: PostgresLibrary.Handle) -> FleetError {
    func field(_ code: Int32) -> String {
      library.resultField(result, code).map { String(cString: $0) } ?? ""
    }
    let state = field(PostgresLibrary.stateField)
    let message = field(PostgresLibrary.messageField)
    if let code = Self.codes[state] { return FleetError(code, detail: message, state: state) }
    guard !state.isEmpty else { return lost() }
    return FleetError(.failed, detail: message, state: state)
  }

  /// The codes by SQLSTATE (PostgreSQL, appendix A). Those with `NS` are raised by the functions of the store.
  private static let codes: [String: FleetError.Code] = [
    "42501": .denied, "53100": .full, "3F000": .notAStore, "42883": .notAStore, "42P01": .notAStore,
    "57P01": .connectionLost, "57P02": .connectionLost, "57P03": .unreachable,
    "08006": .connectionLost,
    "NS001": .ownedByAnother, "NS002": .otherShipper, "NS003": .newerStore, "NS004": .olderStore,
  ]
}

/// One row of a result, whose columns are read by their index.
struct PostgresRow: ~Copyable {
  private let library: PostgresLibrary
  private let result: PostgresLibrary.Handle
  private let index: Int32

  fileprivate init(_ library: PostgresLibrary, _ result: PostgresLibrary.Handle, _ index: Int32) {
    self.library = library
    self.result = result
    self.index = index
  }

  /// A column as text, or nil when it is NULL.
  func text(_ column: Int32) -> String? {
    guard library.isNull(result, index, column) == 0,
      let start = library.value(result, index, column)
    else { return nil }
    let count = Int(library.length(result, index, column))
    return start.withMemoryRebound(to: UInt8.self, capacity: count) {
      String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
    }
  }

  /// A column as an integer, or nil when it is NULL.
  func integer(_ column: Int32) throws(FleetError) -> Int64? {
    guard let text = text(column) else { return nil }
    guard let number = Int64(text) else {
      throw FleetError(.corrupt, detail: "'\(text)' is not a number")
    }
    return number
  }

  /// A column that is never NULL, as an integer.
  func number(_ column: Int32) throws(FleetError) -> Int64 {
    guard let number = try integer(column) else {
      throw FleetError(.corrupt, detail: "a number is missing")
    }
    return number
  }
}
