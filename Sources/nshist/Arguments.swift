internal import CLinux

/// The arguments of the program.
enum Arguments {
  /// All of them, without the program's own name; also where `/proc` is missing, which
  /// `CommandLine.arguments` takes them from.
  static var all: [String] {
    (1..<max(1, clinux_argument_count())).compactMap { clinux_argument($0) }
      .map { String(cString: $0) }
  }

  /// The same arguments with a value that begins with a minus sign and a digit, such as `-1h`, joined
  /// to the option before it: `--since=-1h`. Alone, the parser takes it for short options too, and
  /// answers any other mistake with the help that the `-h` in it asks for.
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
