/// What pins a namespace. The raw value is the code kept in a history file: it never changes.
public enum PinKind: Int64, Sendable, Hashable, CaseIterable {
  /// A bind mount of its file.
  case mount = 1
  /// An open descriptor of its file.
  case descriptor = 2
  /// A socket.
  case socket = 3

  /// In one word, as in every output and in the views of a history file.
  public var name: String {
    switch self {
    case .mount: "mount"
    case .descriptor: "descriptor"
    case .socket: "socket"
    }
  }
}
