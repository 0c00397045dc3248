internal import Glibc

/// The environment variables of the process.
enum Environment {
  /// Returns the value of a variable; nil if it is unset or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Whether the character encoding of the locale is UTF-8 (locale(7)).
  static var isUTF8: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first ?? ""
    return ["UTF-8", "utf-8", "UTF8", "utf8"].contains { locale.hasSuffix($0) }
  }
}
