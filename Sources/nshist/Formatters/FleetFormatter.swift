internal import NSFleet
internal import NSHistory

/// A failure of a store, with the operation and the store: what, on what, why, and what to do about it.
struct FleetFailure: Error {
  let error: FleetError
  private let operation: String
  private let store: String?

  /// - Parameters:
  ///   - operation: the operation, as a verb phrase: "ship to".
  ///   - store: the URI of the store, without its parameters; nil if it is not to be shown.
  init(_ error: FleetError, _ operation: String, _ store: String?) {
    self.error = error
    self.operation = operation
    self.store = store
  }

  /// The failure as one line.
  var text: String {
    let (reason, remedy) = sentence
    return "cannot \(operation) \(store ?? "the store"): \(reason); \(remedy)"
  }

  /// The exit status, one of sysexits(3).
  var status: Int32 {
    switch error.code {
    case .notAnAddress, .passwordInAddress: ExitStatus.usage
    case .noLibrary, .noSuchService, .unreachable, .timedOut, .connectionLost, .notTrusted:
      ExitStatus.unavailable
    case .notAuthenticated, .denied, .ownedByAnother: ExitStatus.noPermission
    case .notAStore, .newerStore, .olderStore, .fileIsBehind, .fileDiffers, .isSlice, .corrupt:
      ExitStatus.data
    case .unknownHost, .severalHistories: ExitStatus.noInput
    case .full, .failed: ExitStatus.inputOutput
    case .otherShipper, .catchingUp: ExitStatus.temporary
    }
  }

  private var sentence: (reason: String, remedy: String) {
    let detail = error.detail
    return switch error.code {
    case .noLibrary:
      (
        "libpq cannot be opened (\(detail))",
        "install libpq 15 or later (Debian's package libpq5)"
      )
    case .notAnAddress:
      (
        "the address is not the URI of a PostgreSQL database\(detail.isEmpty ? "" : " (\(detail))")",
        "write postgresql://USER@HOST/DATABASE, or postgresql:///?service=NAME"
      )
    case .noSuchService:
      (
        "there is no such service (\(detail))",
        "define it in ~/.pg_service.conf, or in the file that PGSERVICEFILE names"
      )
    case .passwordInAddress:
      (
        "the address holds a password, which every user of this machine can read in the list of processes",
        "put it into ~/.pgpass or another file that PGPASSFILE names, or use a service file (pg_service.conf)"
      )
    case .unreachable: ("it does not answer (\(detail))", "check the address and the network")
    case .notTrusted:
      (
        "the server did not prove who it is (\(detail))",
        """
        give the certificate of its authority with sslrootcert= in the address, or ask for a plain connection with \
        sslmode=disable
        """
      )
    case .notAuthenticated:
      (
        "the server refused the user (\(detail))",
        "check the user, the passfile and the certificate"
      )
    case .timedOut: ("the server does not answer (\(detail))", "check the network, and try again")
    case .connectionLost: ("the connection was lost (\(detail))", "try again")
    case .denied:
      (
        "the role may not do this (\(detail))",
        "ask for the role nshist_shipper to ship, or nshist_reader to ask"
      )
    case .notAStore:
      ("the database holds no store (\(detail))", "make one: nshist fleet init URI")
    case .newerStore:
      ("the store has version \(detail), made by a newer nshist", "use that newer nshist")
    case .olderStore:
      (
        "the store has version \(detail), and this nshist needs \(FleetStore.version)",
        "run nshist fleet init URI with this nshist"
      )
    case .full: ("the server has no room (\(detail))", "make room there")
    case .ownedByAnother:
      (
        "another role ships this history (\(detail))",
        "ship it as that role; a copied history needs a file of its own: move it away, and record again"
      )
    case .otherShipper:
      ("another process ships the same history", "end one of the two")
    case .fileIsBehind:
      (
        "the store has later samples of the history \(detail) than the file: the file was restored from a copy",
        "move the file away, so that the recorder begins a new history"
      )
    case .fileDiffers:
      (
        """
        the file and the store have different samples of the history \(detail): one of them is of a copy that was \
        recorded into
        """, "move the file away, so that the recorder begins a new history"
      )
    case .isSlice:
      ("the file is a slice, which is a part of another history", "ship the history itself")
    case .unknownHost:
      ("it has no host '\(SystemText.sanitized(detail))'", "nshist fleet hosts lists them")
    case .severalHistories:
      ("the host has several histories", "give one of them with --host: \(detail)")
    case .catchingUp:
      ("the host is still shipping what it has recorded", "ask again later, or ask the host")
    case .corrupt:
      ("it holds what it cannot hold (\(detail))", "restore the store from its backup")
    case .failed:
      (
        "the server reports: \(detail)\(error.state.isEmpty ? "" : " (SQLSTATE \(error.state))")",
        "see the log of the server"
      )
    }
  }
}
