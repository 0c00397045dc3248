internal import Glibc

/// Where paths lead.
public enum RealPath {
  /// A path with no link in it (`realpath(3)`); the path itself where nothing is there, or where
  /// that cannot be found out.
  ///
  /// SQLite names the files beside a database after this one.
  public static func of(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
