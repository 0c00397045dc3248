package import SystemPackage

/// The error that the root folder below which container names are looked up could not be opened.
public struct ContainerNamesError: Error, Sendable, Hashable {
  /// The folder.
  package let path: String
  /// The error of open(2).
  package let cause: Errno

  /// Makes an error for a folder.
  package init(path: String, cause: Errno) {
    self.path = path
    self.cause = cause
  }
}

extension ContainerNamesError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    "cannot open \(path): \(cause); give a folder that holds the root of a file system"
  }
}
