/// A failure of the store, or a refusal: a code, and the text that the server, libpq or the kernel gave for it. The
/// command has the sentences.
package struct FleetError: Error, Sendable, Hashable {
  /// What failed, as far as a caller can act on it.
  package enum Code: Sendable, Hashable {
    /// libpq cannot be opened; the detail is the message of `dlopen(3)` or `dlsym(3)`.
    case noLibrary
    /// The address is no URI of a PostgreSQL server; the detail is libpq's reason.
    case notAnAddress
    /// The address names a service that no service file has.
    case noSuchService
    /// The address holds a password, which every user of the machine could read in the list of processes.
    case passwordInAddress
    /// No connection: no route, no server, or none that answers.
    case unreachable
    /// The server did not prove who it is, or offers no TLS.
    case notTrusted
    /// The server refused the user or the password.
    case notAuthenticated
    /// The server did not answer in time.
    case timedOut
    /// The connection ended.
    case connectionLost
    /// The role may not do this.
    case denied
    /// The database has no store, or has been given only a part of one.
    case notAStore
    /// The store has a newer schema than this program knows; the detail is its version.
    case newerStore
    /// The store has an older schema than this program writes; the detail is its version.
    case olderStore
    /// The server has no room left.
    case full
    /// The history belongs to another role.
    case ownedByAnother
    /// Another shipper has shipped the same history meanwhile.
    case otherShipper
    /// The store has samples that the file does not have: the file was restored from a copy.
    case fileIsBehind
    /// The file and the store have different samples of one number: the file is a copy that was recorded into.
    case fileDiffers
    /// The file is a slice, which is a part of another history.
    case isSlice
    /// No host of this name; the detail is the name.
    case unknownHost
    /// Several histories are of this host; the detail is their UUIDs.
    case severalHistories
    /// The store does not have the time yet, because the host has not shipped all of its history.
    case catchingUp
    /// The store holds something that it cannot hold; the detail says what.
    case corrupt
    /// Any other failure; the detail is the server's message.
    case failed
  }

  package let code: Code
  /// The text of the server, of libpq or of the kernel, in one line.
  package let detail: String
  /// The SQLSTATE of the server; empty if the failure is none of the server's.
  package let state: String

  package init(_ code: Code, detail: String = "", state: String = "") {
    self.code = code
    self.detail = detail.split(whereSeparator: \.isNewline).joined(separator: " ")
    self.state = state
  }

  /// Whether the same call may succeed later without a change by anybody.
  package var isTemporary: Bool {
    switch code {
    case .unreachable, .timedOut, .connectionLost, .full, .catchingUp: true
    // A failure to serialize, a deadlock, a server that shuts down or starts, and too many connections.
    case .failed: ["40", "57P0", "53", "55P03"].contains { state.hasPrefix($0) }
    default: false
    }
  }
}
