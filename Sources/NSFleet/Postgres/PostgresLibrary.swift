internal import Glibc

/// The functions of libpq that this package calls (`libpq-fe.h`, version 15 and later). The library is opened at run
/// time, so that the package can be built and used without it. See https://www.postgresql.org/docs/15/libpq.html.
struct PostgresLibrary {
  typealias Handle = OpaquePointer
  typealias Text = UnsafePointer<CChar>
  typealias TextList = UnsafePointer<Text?>

  let connect: @convention(c) (TextList, TextList, Int32) -> Handle?
  let finish: @convention(c) (Handle?) -> Void
  let status: @convention(c) (Handle?) -> Int32
  let errorMessage: @convention(c) (Handle?) -> Text?
  let socket: @convention(c) (Handle?) -> Int32
  let isTLSInUse: @convention(c) (Handle?) -> Int32
  let setNonblocking: @convention(c) (Handle?, Int32) -> Int32
  let sendQuery:
    @convention(c) (
      Handle?, Text, Int32, UnsafePointer<UInt32>?, TextList?, UnsafePointer<Int32>?,
      UnsafePointer<Int32>?, Int32
    ) -> Int32
  let sendScript: @convention(c) (Handle?, Text) -> Int32
  let flush: @convention(c) (Handle?) -> Int32
  let consumeInput: @convention(c) (Handle?) -> Int32
  let isBusy: @convention(c) (Handle?) -> Int32
  let nextResult: @convention(c) (Handle?) -> Handle?
  let setSingleRowMode: @convention(c) (Handle?) -> Int32
  let putCopyData: @convention(c) (Handle?, UnsafeRawPointer?, Int32) -> Int32
  let putCopyEnd: @convention(c) (Handle?, Text?) -> Int32
  let resultStatus: @convention(c) (Handle?) -> Int32
  let resultField: @convention(c) (Handle?, Int32) -> Text?
  let clear: @convention(c) (Handle?) -> Void
  let rowCount: @convention(c) (Handle?) -> Int32
  let columnCount: @convention(c) (Handle?) -> Int32
  let value: @convention(c) (Handle?, Int32, Int32) -> Text?
  let length: @convention(c) (Handle?, Int32, Int32) -> Int32
  let isNull: @convention(c) (Handle?, Int32, Int32) -> Int32
  private let parse:
    @convention(c) (Text, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?)
      -> UnsafeMutableRawPointer?
  private let freeOptions: @convention(c) (UnsafeMutableRawPointer?) -> Void
  private let freeMemory: @convention(c) (UnsafeMutableRawPointer?) -> Void

  /// `PQconninfoOption` of `libpq-fe.h`.
  private struct ConnectionOption {
    let keyword: Text?
    let environment: Text?
    let compiled: Text?
    let value: Text?
    let label: Text?
    let dispchar: Text?
    let dispsize: Int32
  }

  /// The codes of `libpq-fe.h`.
  static let connectionOK: Int32 = 0
  static let commandOK: Int32 = 1
  static let tuplesOK: Int32 = 2
  static let copyIn: Int32 = 4
  static let singleTuple: Int32 = 9
  /// `PG_DIAG_SQLSTATE`, `PG_DIAG_MESSAGE_PRIMARY` and `PG_DIAG_MESSAGE_HINT` of `postgres_ext.h`.
  static let stateField = Int32(UInt8(ascii: "C"))
  static let messageField = Int32(UInt8(ascii: "M"))

  /// Opens the library and never closes it.
  init() throws(FleetError) {
    guard let library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL) else { throw Self.failure() }
    connect = try Self.function("PQconnectdbParams", in: library)
    finish = try Self.function("PQfinish", in: library)
    status = try Self.function("PQstatus", in: library)
    errorMessage = try Self.function("PQerrorMessage", in: library)
    socket = try Self.function("PQsocket", in: library)
    isTLSInUse = try Self.function("PQsslInUse", in: library)
    setNonblocking = try Self.function("PQsetnonblocking", in: library)
    sendQuery = try Self.function("PQsendQueryParams", in: library)
    sendScript = try Self.function("PQsendQuery", in: library)
    flush = try Self.function("PQflush", in: library)
    consumeInput = try Self.function("PQconsumeInput", in: library)
    isBusy = try Self.function("PQisBusy", in: library)
    nextResult = try Self.function("PQgetResult", in: library)
    setSingleRowMode = try Self.function("PQsetSingleRowMode", in: library)
    putCopyData = try Self.function("PQputCopyData", in: library)
    putCopyEnd = try Self.function("PQputCopyEnd", in: library)
    resultStatus = try Self.function("PQresultStatus", in: library)
    resultField = try Self.function("PQresultErrorField", in: library)
    clear = try Self.function("PQclear", in: library)
    rowCount = try Self.function("PQntuples", in: library)
    columnCount = try Self.function("PQnfields", in: library)
    value = try Self.function("PQgetvalue", in: library)
    length = try Self.function("PQgetlength", in: library)
    isNull = try Self.function("PQgetisnull", in: library)
    parse = try Self.function("PQconninfoParse", in: library)
    freeOptions = try Self.function("PQconninfoFree", in: library)
    freeMemory = try Self.function("PQfreemem", in: library)
  }

  /// Returns the parameters that a URI names, by keyword (`PQconninfoParse`).
  ///
  /// Throws `FleetError.notAnAddress`, with libpq's message.
  func parameters(_ uri: String) throws(FleetError) -> [(keyword: String, value: String)] {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = parse(uri, &message) else {
      let text = message.map { String(cString: $0) } ?? ""
      freeMemory(message)
      throw FleetError(.notAnAddress, detail: text)
    }
    defer { freeOptions(options) }
    var given: [(keyword: String, value: String)] = []
    // The list ends with an option without a keyword.
    var next = options.assumingMemoryBound(to: ConnectionOption.self)
    while let keyword = next.pointee.keyword {
      if let value = next.pointee.value {
        given.append((String(cString: keyword), String(cString: value)))
      }
      next += 1
    }
    return given
  }

  /// Returns a function of the library. Its type has to be that of the declaration in `libpq-fe.h`.
  private static func function<Function>(
    _ name: String, in library: UnsafeMutableRawPointer
  ) throws(FleetError) -> Function {
    guard let symbol = dlsym(library, name) else { throw failure() }
    return unsafeBitCast(symbol, to: Function.self)
  }

  private static func failure() -> FleetError {
    FleetError(.noLibrary, detail: dlerror().map { String(cString: $0) } ?? "")
  }
}
