internal import CLinux

/// The arguments of the program.
enum Arguments {
  /// The arguments without the program's name. Works without a mounted `/proc`, from which
  /// `CommandLine.arguments` reads them.
  static var all: [String] {
    (1..<max(1, clinux_argument_count())).compactMap { clinux_argument($0) }
      .map { String(cString: $0) }
  }

  /// Joins each value that begins with a minus sign and a digit, such as `-1h`, to the option before it:
  /// `--since=-1h`. As a separate argument, the parser would also read the value as short options, and on any
  /// other mistake print the help instead of the error, because of the `-h` in it.
  static func joiningNegativeValues(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for argument in arguments {
      let characters = Array(argument.utf8.prefix(2))
      let isNegative =
        characters.count == 2 && characters[0] == UInt8(ascii: "-")
        && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(characters[1])
      if isNegative, let option = joined.last, option.hasPrefix("--"), option.count > 2,
        !option.contains("=")
      {
        joined[joined.count - 1] = "\(option)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }
}
