internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads the program and the login uid of a process. The paths begin with `prefix`: `../` for the open `ns` directory
/// of the process, or `PID/` for a root.
enum ProgramReader {
  /// Reads the program; nil if nothing of it can be read, as of a kernel thread and of a process that is exiting.
  ///
  /// A process that executes another program between two of the reads changes the path of its executable. The function
  /// then reads again, and returns nil if the path changes a second time: the parts would belong to two programs.
  ///
  /// - Parameter readsCommandLine: whether to read the command line; if false, it is nil.
  static func program(
    _ prefix: String, in directory: Int32, readsCommandLine: Bool
  ) -> Program? {
    var executable = self.executable(prefix, in: directory)
    guard readsCommandLine else { return program(executable, nil) }
    for _ in 0..<2 {
      let line = commandLine(prefix, in: directory)
      let again = self.executable(prefix, in: directory)
      if again == executable { return program(executable, line) }
      executable = again
    }
    return nil
  }

  private static func program(
    _ executable: Result<[UInt8], Errno>, _ line: [UInt8]?
  ) -> Program? {
    var program = Program(executable: nil, commandLine: line)
    switch executable {
    case .success(let path): program.executable = path
    // Without the right to see the executable, the command line can still be read.
    case .failure(let errno) where errno.isDenied && line != nil: break
    // The kernel finds no executable for a process without memory of its own.
    case .failure: return nil
    }
    if let path = program.executable, path.count > Program.limit {
      program.executable = Array(path.prefix(Program.limit))
      program.truncated.insert(.executable)
    }
    if let line, line.count > Program.limit {
      program.commandLine = Array(line.prefix(Program.limit))
      program.truncated.insert(.commandLine)
    }
    return program
  }

  /// Reads the target of `exe`.
  private static func executable(
    _ prefix: String, in directory: Int32
  ) -> Result<[UInt8], Errno> {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return .failure(.noMemory) }
      let count = readlinkat(directory, prefix + "exe", start, buffer.count)
      guard count >= 0 else { return .failure(.last) }
      return .success(buffer.prefix(count).map { UInt8(bitPattern: $0) })
    }
  }

  /// Reads the arguments, one byte more than `Program.limit` at most, without the NUL after the last one. Nil if they
  /// cannot be read, or if there are none: the kernel gives none between the moment at which an exec replaces the
  /// memory of the process and the moment at which the arguments are in it. Since Linux 5.18 each process has an
  /// argument.
  private static func commandLine(_ prefix: String, in directory: Int32) -> [UInt8]? {
    guard
      case .success(var line) = SmallFile.beginning(
        of: prefix + "cmdline", in: directory, count: Program.limit + 1), !line.isEmpty
    else { return nil }
    // A process that rewrote its command line may have filled the rest of its memory with NULs.
    while line.last == 0 { line.removeLast() }
    return line
  }

  /// Reads the login uid (`Login.uid`).
  static func loginUID(_ prefix: String, in directory: Int32) -> UInt32? {
    guard
      case .success(let text) = SmallFile.beginning(
        of: prefix + "loginuid", in: directory, count: 16)
    else { return nil }
    let digits = text.last == 0x0A ? text.dropLast() : text[...]
    return Decimal.parse(digits).flatMap(UInt32.init(exactly:))
  }
}
