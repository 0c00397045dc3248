internal import CLinux
internal import Glibc
internal import SystemPackage

/// The functions of libbpf that this package calls (`bpf/libbpf.h`, version 1.0 and later). The library is opened at
/// run time, so that the package can be built and used without it.
///
/// Since its version 1.0, a function of libbpf that returns a pointer returns null and sets `errno` if it fails.
struct BPFLibrary {
  typealias Pointer = UnsafeMutableRawPointer

  /// Reads an object file from memory.
  let open: @convention(c) (UnsafeRawPointer?, Int, UnsafeRawPointer?) -> Pointer?
  /// Loads the maps and programs of an object into the kernel.
  let load: @convention(c) (Pointer?) -> Int32
  private let closeObject: @convention(c) (Pointer?) -> Void
  let program: @convention(c) (Pointer?, UnsafePointer<CChar>?) -> Pointer?
  let attachIterator: @convention(c) (Pointer?, UnsafeRawPointer?) -> Pointer?
  let linkDescriptor: @convention(c) (Pointer?) -> Int32
  let destroyLink: @convention(c) (Pointer?) -> Int32
  let setAutoload: @convention(c) (Pointer?, Bool) -> Int32
  /// Attaches a program to the place in the kernel that its section names.
  let attach: @convention(c) (Pointer?) -> Pointer?
  let map: @convention(c) (Pointer?, UnsafePointer<CChar>?) -> Pointer?
  let setMaxEntries: @convention(c) (Pointer?, UInt32) -> Int32
  let mapDescriptor: @convention(c) (Pointer?) -> Int32
  /// Begins a pass of an iterator: returns a descriptor, or a negative error number.
  let makeIterator: @convention(c) (Int32) -> Int32

  /// Opens the library and never closes it.
  init() throws(BPFError) {
    guard let library = dlopen("libbpf.so.1", RTLD_NOW | RTLD_LOCAL) else { throw Self.failure() }
    open = try Self.function("bpf_object__open_mem", in: library)
    load = try Self.function("bpf_object__load", in: library)
    closeObject = try Self.function("bpf_object__close", in: library)
    program = try Self.function("bpf_object__find_program_by_name", in: library)
    attachIterator = try Self.function("bpf_program__attach_iter", in: library)
    linkDescriptor = try Self.function("bpf_link__fd", in: library)
    destroyLink = try Self.function("bpf_link__destroy", in: library)
    setAutoload = try Self.function("bpf_program__set_autoload", in: library)
    attach = try Self.function("bpf_program__attach", in: library)
    map = try Self.function("bpf_object__find_map_by_name", in: library)
    setMaxEntries = try Self.function("bpf_map__set_max_entries", in: library)
    mapDescriptor = try Self.function("bpf_map__fd", in: library)
    makeIterator = try Self.function("bpf_iter_create", in: library)
    clinux_keep_bpf_log(try Self.symbol("libbpf_set_print", in: library))
  }

  /// Frees an object. The kernel has the programs and maps as long as a descriptor of them is open. libbpf took some
  /// ten MiB for the kernel's types to load the object, so the heap is trimmed.
  func close(_ object: Pointer) {
    closeObject(object)
    clinux_trim_heap()
  }

  /// Empties the log of the calling thread.
  func clearLog() { clinux_clear_bpf_log() }

  /// Returns the last warning that a call of this thread caused, in one line; empty if there is none.
  func lastWarning() -> String {
    let log = String(cString: clinux_bpf_log())
    return log.split(whereSeparator: \.isNewline).last.map { String($0.prefix(200)) } ?? ""
  }

  /// Returns a function of the library. Its type has to be that of the declaration in `bpf/libbpf.h` or `bpf/bpf.h`.
  private static func function<Function>(
    _ name: String, in library: Pointer
  ) throws(BPFError) -> Function {
    unsafeBitCast(try symbol(name, in: library), to: Function.self)
  }

  private static func symbol(_ name: String, in library: Pointer) throws(BPFError) -> Pointer {
    guard let symbol = dlsym(library, name) else { throw failure() }
    return symbol
  }

  private static func failure() -> BPFError {
    BPFError(.noLibrary(dlerror().map { String(cString: $0) } ?? "no reason given"))
  }
}
