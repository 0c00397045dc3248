internal import CLinux
internal import Glibc

/// Lists the PIDs in a `/proc`, the TIDs in a `task` directory, or the descriptors in an `fd` directory, in
/// ascending order. The listing reads the directory with `getdents64(2)` into one reusable buffer.
struct PIDListing: ~Copyable {
  private(set) var pids: ContiguousArray<Int32> = []
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32768, alignment: 8)
  private let lowest: Int32

  /// A listing of the numbers from `lowest` on: a descriptor may be 0, a PID may not.
  init(lowest: Int32 = 1) { self.lowest = lowest }

  deinit { buffer.deallocate() }

  /// Replaces `pids` with the PIDs in a root.
  mutating func refresh(_ root: ProcRoot) throws(ProcfsError) {
    guard refresh(root.descriptor) else {
      throw ProcfsError(operation: "list", path: root.path, cause: .system(.last))
    }
  }

  /// Replaces `pids` with the numbers in a directory; returns false and sets `errno` if that fails.
  mutating func refresh(_ directory: Int32) -> Bool {
    pids.removeAll(keepingCapacity: true)
    guard lseek(directory, 0, SEEK_SET) == 0 else { return false }
    var ascending = true
    while true {
      let filled = clinux_getdents64(directory, buffer.baseAddress, buffer.count)
      guard filled >= 0 else { return false }
      if filled == 0 { break }
      var offset = 0
      while offset < filled {
        // struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name.
        let length = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
        if let pid = number(from: offset + 19, until: offset + length) {
          if let last = pids.last, last >= pid { ascending = false }
          pids.append(pid)
        }
        offset += length
      }
    }
    // A proc file system lists entries in numeric order; a directory tree made for a test need not.
    if !ascending { pids.sort() }
    return true
  }

  private func number(from start: Int, until end: Int) -> Int32? {
    var value: Int32 = 0
    var index = start
    // The kernel writes no leading zero, so 010 is not a name of process 10.
    if buffer[index] == UInt8(ascii: "0"), index + 1 < end, buffer[index + 1] != 0 { return nil }
    let first = index
    while index < end, buffer[index] != 0 {
      let digit = buffer[index] &- UInt8(ascii: "0")
      guard digit < 10, value < 100_000_000 else { return nil }
      value = value * 10 + Int32(digit)
      index += 1
    }
    return index > first && value >= lowest ? value : nil
  }
}

/// Lists the processes in a `/proc`.
package final class ProcessListing {
  private let root: ProcRoot
  private var listing = PIDListing()

  /// A listing of the processes in `root`.
  package init(_ root: ProcRoot) { self.root = root }

  /// Returns the PIDs of all processes in ascending order.
  package func read() throws(ProcfsError) -> ContiguousArray<Int32> {
    try listing.refresh(root)
    return listing.pids
  }
}
