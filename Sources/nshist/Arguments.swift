internal import CLinux

/// The arguments of the program.
enum Arguments {
  /// All of them, without the program's own name; also where `/proc` is missing, which
  /// `CommandLine.arguments` takes them from.
  static var all: [String] {
    (1..<max(1, clinux_argument_count())).compactMap { clinux_argument($0) }
      .map { String(cString: $0) }
  }
}
