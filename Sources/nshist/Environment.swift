internal import Glibc

/// The environment of the process.
enum Environment {
  /// A variable's value; nil when it is not set, or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}
