internal import Glibc
internal import NamespaceModel

/// Checks whether the description of a process (`ProcessDescription`) is unchanged, as it is for most
/// processes. The check compares the files of the process with the known values, which is cheaper than to
/// parse them into new values.
final class DescriptionCheck {
  private static let capacity = 8192
  private let text = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  private let isProc: Bool

  /// - Parameter isProc: whether the directories are in a proc file system. The owner of the directory of a
  ///   process is then its effective user; see `FactsReader.description`.
  init(isProc: Bool) { self.isProc = isProc }

  deinit { text.deallocate() }

  /// Returns whether all parts have their known values; false also if a part is not known or cannot be
  /// read.
  ///
  /// The check does not read the program and the login uid, because the line in `stat` shows an exec as well: see
  /// `StatLine.argumentStart`. It compares the session and the terminal, which that line has.
  ///
  /// - Parameters:
  ///   - argumentStart: the address of the arguments, as it was read with the description; nil if it could not be.
  ///   - directory: the open `ns` directory of the process. The method reaches the other files of the process by `..`.
  func isUnchanged(
    _ known: ProcessDescription, _ argumentStart: UInt64?, in directory: Int32
  ) -> Bool {
    guard let comm = known.comm, let uid = known.uid, let cgroup = known.cgroup,
      let parent = known.parentPID, let login = known.login
    else { return false }
    return hasUser(uid, in: directory)
      && isCalled(comm, below: parent, login, argumentStart, in: directory)
      && isIn(cgroup, in: directory)
  }

  /// Reads a file into `text` and returns its length in bytes; nil if the file is empty, cannot be
  /// read, or is longer than the buffer.
  private func read(_ name: StaticString, in directory: Int32) -> Int? {
    let path = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    let file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let count = Glibc.read(file, text, Self.capacity)
    return count > 0 && count < Self.capacity ? count : nil
  }

  private func hasUser(_ uid: UInt32, in directory: Int32) -> Bool {
    guard !isProc else {
      var status = stat()
      return fstatat(directory, "..", &status, 0) == 0 && status.st_uid == uid
    }
    guard let count = read("../status", in: directory) else { return false }
    var line = 0
    while line < count {
      if line + 5 < count, memcmp(text + line, "Uid:\t", 5) == 0 {
        // The second of the four numbers is the effective user.
        guard let tab = find(0x09, from: line + 5, to: count) else { return false }
        return number(from: tab + 1, to: count) == UInt64(uid)
      }
      guard let end = find(0x0A, from: line, to: count) else { return false }
      line = end + 1
    }
    return false
  }

  /// Compares the name, the parent, the session, the terminal and the address of the arguments in `stat`. As in
  /// `StatLine`, the name may hold any byte and ends at the last `)`.
  private func isCalled(
    _ comm: [UInt8], below parent: Int32, _ login: Login, _ argumentStart: UInt64?,
    in directory: Int32
  ) -> Bool {
    guard let count = read("../stat", in: directory),
      let open = find(UInt8(ascii: "("), from: 0, to: count),
      var end = find(UInt8(ascii: ")"), from: open, to: count)
    else { return false }
    while let next = find(UInt8(ascii: ")"), from: end + 1, to: count) { end = next }
    // After the name come, for example, `) S 4711 812 812 34816 `: the state, the PID of the parent, the process group,
    // the session and the terminal.
    guard end - open - 1 == comm.count, memcmp(text + open + 1, comm, comm.count) == 0,
      end + 4 < count, parent >= 0
    else { return false }
    guard number(from: end + 4, to: count) == UInt64(parent),
      let group = find(0x20, from: end + 4, to: count),
      let session = find(0x20, from: group + 1, to: count),
      isNumber(login.session, from: session + 1, to: count),
      let terminal = find(0x20, from: session + 1, to: count),
      isNumber(login.terminal, from: terminal + 1, to: count)
    else { return false }
    guard let argumentStart else { return true }
    // The line ends with the fields 48 to 52.
    var first = count
    for _ in 48...52 {
      guard let blank = findLast(0x20, before: first) else { return false }
      first = blank
    }
    return number(from: first + 1, to: count) == argumentStart
  }

  /// Returns whether a number with this value starts at an offset.
  private func isNumber(_ value: Int32?, from start: Int, to end: Int) -> Bool {
    guard let value, start < end else { return false }
    let isNegative = text[start] == UInt8(ascii: "-")
    return number(from: isNegative ? start + 1 : start, to: end) == UInt64(value.magnitude)
      && isNegative == (value < 0)
  }

  private func findLast(_ byte: UInt8, before end: Int) -> Int? {
    var index = end - 1
    while index >= 0, text[index] != byte { index -= 1 }
    return index >= 0 ? index : nil
  }

  private func isIn(_ cgroup: [UInt8], in directory: Int32) -> Bool {
    guard let count = read("../cgroup", in: directory) else { return false }
    let length = text[count - 1] == 0x0A ? count - 1 : count
    return length == cgroup.count && memcmp(text, cgroup, length) == 0
  }

  private func find(_ byte: UInt8, from start: Int, to end: Int) -> Int? {
    guard start < end, let found = memchr(text + start, Int32(byte), end - start) else {
      return nil
    }
    return UnsafeRawPointer(found) - UnsafeRawPointer(text)
  }

  /// Parses the number that starts at an offset; returns nil unless another character ends its digits.
  private func number(from start: Int, to end: Int) -> UInt64? {
    var (index, number) = (start, UInt64(0))
    // With at most nineteen digits, the number cannot overflow.
    while index < end, index - start < 20 {
      let digit = text[index] &- 0x30
      guard digit < 10 else { return index > start ? number : nil }
      guard index - start < 19 else { return nil }
      number = number * 10 + UInt64(digit)
      index += 1
    }
    return nil
  }
}
