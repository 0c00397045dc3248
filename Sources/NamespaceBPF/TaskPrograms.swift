internal import Glibc
internal import SystemPackage

/// The task programs (`Programs/Tasks.bpf.c`), loaded into the kernel and attached to its list of tasks.
///
/// The kernel runs a program only while a pass reads; an idle value costs nothing. The pass is over the tasks
/// of the pid namespace of the process that reads it, with the PIDs of the initial pid namespace.
package final class TaskPrograms {
  private let library: BPFLibrary
  /// The links of the programs with the list of tasks, which keep the programs loaded (`bpf_link` of `bpf(2)`).
  private let tasks: OwnedDescriptor
  private let sharingThreads: OwnedDescriptor

  /// The description of the kernel's types that the kernel itself gives, and that the verifier needs.
  static let types = "/sys/kernel/btf/vmlinux"

  /// Loads and attaches the programs. It takes CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, of the initial user namespace
  /// (`capabilities(7)`), and about 0.1 seconds, most of them in the verifier.
  package init() throws(BPFError) {
    let library = try BPFLibrary()
    guard access(Self.types, R_OK) == 0 else { throw BPFError(.noTypes(path: Self.types)) }
    self.library = library
    library.clearLog()
    // The object has to exist while libbpf uses it.
    let bytes = EmbeddedObject.tasks
    let object = bytes.withUnsafeBytes { library.open($0.baseAddress, $0.count, nil) }
    guard let object else { throw Self.failure(.open, Errno(rawValue: errno), library) }
    defer { library.close(object) }
    let loaded = library.load(object)
    guard loaded == 0 else { throw Self.failure(.load, Errno(rawValue: -loaded), library) }
    tasks = try Self.attach("read_task", of: object, library)
    sharingThreads = try Self.attach("read_sharing_thread", of: object, library)
  }

  private static func attach(
    _ name: String, of object: BPFLibrary.Pointer, _ library: BPFLibrary
  ) throws(BPFError) -> OwnedDescriptor {
    guard let program = library.program(object, name) else {
      throw failure(.open, Errno(rawValue: errno), library)
    }
    guard let link = library.attachIterator(program, nil) else {
      throw failure(.attach, Errno(rawValue: errno), library)
    }
    defer { _ = library.destroyLink(link) }
    // The duplicate keeps the link and the program, so that the memory of libbpf can be freed.
    do throws(Errno) {
      return try OwnedDescriptor(fcntl(library.linkDescriptor(link), F_DUPFD_CLOEXEC, 3))
    } catch { throw failure(.attach, error, library) }
  }

  static func failure(
    _ operation: BPFError.Operation, _ errno: Errno, _ library: BPFLibrary
  ) -> BPFError {
    guard errno == .notPermitted || errno == .permissionDenied else {
      return BPFError(.failed(operation, errno, library.lastWarning()))
    }
    return BPFError(.refused(operation, missing: Capabilities.effective.missingForPrograms))
  }

  /// Passes over all processes, and all threads whose namespaces may differ from those of their process, and replaces
  /// the content of `pass`. A pass that the kernel ends too early is repeated.
  package func read(into pass: inout TaskPass) throws(TaskPassError) {
    try read(into: &pass, by: tasks.number)
  }

  /// Passes over all threads that are in all namespaces of their process, and replaces the content of `pass`. Threads
  /// that have begun to exit are left out.
  package func readSharingThreads(into pass: inout TaskPass) throws(TaskPassError) {
    try read(into: &pass, by: sharingThreads.number)
  }

  private func read(into pass: inout TaskPass, by link: Int32) throws(TaskPassError) {
    var attempts = 1
    while true {
      do throws(TaskPassError) { return try readOnce(into: &pass, by: link) } catch {
        guard error.cause == .unfinished, attempts < Self.mostAttempts else { throw error }
        attempts += 1
      }
    }
  }

  private static let mostAttempts = 3

  private func readOnce(into pass: inout TaskPass, by link: Int32) throws(TaskPassError) {
    let iterator: OwnedDescriptor
    do throws(Errno) { iterator = try OwnedDescriptor(library.makeIterator(link)) } catch {
      throw TaskPassError(.system(error), offset: 0)
    }
    let number = iterator.number
    try pass.fill(
      { space in
        let count = Glibc.read(number, space.baseAddress, space.count)
        return count >= 0 ? .success(count) : .failure(Errno(rawValue: errno))
      }, wait: { usleep(100) })
  }
}

/// The effective capabilities of this process (`capabilities(7)`).
struct Capabilities {
  let bits: UInt64

  static var effective: Capabilities {
    var text = [UInt8](repeating: 0, count: 8192)
    let file = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return Capabilities(bits: 0) }
    defer { close(file) }
    let count = read(file, &text, text.count)
    guard count > 0 else { return Capabilities(bits: 0) }
    return Capabilities(status: text[..<count])
  }

  init(bits: UInt64) { self.bits = bits }

  /// The capabilities in the text of `/proc/PID/status`; none if the text does not say.
  init(status: ArraySlice<UInt8>) {
    let prefix = Array("CapEff:\t".utf8)
    let line = status.split(separator: 0x0A).first { $0.starts(with: prefix) }
    let digits = line.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    bits = digits.flatMap { UInt64($0, radix: 16) } ?? 0
  }

  private func has(_ capability: UInt64) -> Bool { bits & (1 << capability) != 0 }

  /// The names of the capabilities that are needed to load and attach the programs, and that are missing.
  var missingForPrograms: [String] {
    // CAP_SYS_ADMIN is 21, CAP_PERFMON 38 and CAP_BPF 39 in linux/capability.h.
    guard !has(21) else { return [] }
    return [(39, "CAP_BPF"), (38, "CAP_PERFMON")].compactMap { has($0.0) ? nil : $0.1 }
  }
}
