internal import Glibc
internal import SystemPackage

/// A file descriptor with one owner, which closes it at the end of its life.
struct OwnedDescriptor: ~Copyable {
  /// The number of the descriptor, valid as long as this value exists.
  let number: Int32

  /// Takes a descriptor that a call returned; throws the error of that call if the number is negative.
  ///
  /// - Parameter number: the result of a call that returns -1 and sets `errno`, or that returns a negative error
  ///   number, as the functions of libbpf do.
  init(_ number: Int32) throws(Errno) {
    guard number >= 0 else { throw Errno(rawValue: number == -1 ? errno : -number) }
    self.number = number
  }

  deinit { close(number) }
}

/// File descriptors with one owner, which closes them at the end of its life.
final class OwnedDescriptors {
  private var numbers: [Int32] = []

  deinit { for number in numbers { close(number) } }

  /// Duplicates a descriptor, and owns the duplicate.
  func addDuplicate(of number: Int32) throws(Errno) {
    let duplicate = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard duplicate >= 0 else { throw Errno(rawValue: errno) }
    numbers.append(duplicate)
  }
}
