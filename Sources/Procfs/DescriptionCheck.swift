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
  /// - Parameter directory: the open `ns` directory of the process. The method reaches the other files of
  ///   the process by `..`.
  func isUnchanged(_ known: ProcessDescription, in directory: Int32) -> Bool {
    guard let comm = known.comm, let uid = known.uid, let cgroup = known.cgroup,
      let parent = known.parentPID
    else { return false }
    return hasUser(uid, in: directory) && isCalled(comm, below: parent, in: directory)
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

  /// Compares the name and the parent in `stat`. As in `StatLine`, the name may hold any byte and ends
  /// at the last `)`.
  private func isCalled(_ comm: [UInt8], below parent: Int32, in directory: Int32) -> Bool {
    guard let count = read("../stat", in: directory),
      let open = find(UInt8(ascii: "("), from: 0, to: count),
      var end = find(UInt8(ascii: ")"), from: open, to: count)
    else { return false }
    while let next = find(UInt8(ascii: ")"), from: end + 1, to: count) { end = next }
    // After the name come, for example, `) S 4711 `: the state, and the PID of the parent.
    guard end - open - 1 == comm.count, memcmp(text + open + 1, comm, comm.count) == 0,
      end + 4 < count, parent >= 0
    else { return false }
    return number(from: end + 4, to: count) == UInt64(parent)
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
    while index < end, index - start < 10 {
      let digit = text[index] &- 0x30
      guard digit < 10 else { return index > start ? number : nil }
      number = number * 10 + UInt64(digit)
      index += 1
    }
    return nil
  }
}
