internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// The event programs (`Programs/Events.bpf.c`), loaded into the kernel and attached to its tracepoints, and the ring
/// into which they write. The programs report the tasks of all pid namespaces, with their PIDs in the initial one.
///
/// Only one thread at a time may use a value.
package final class EventPrograms {
  /// Why the programs do not report changes of namespaces by unshare(2) and setns(2); nil if they do. Some kernels
  /// refuse the program that does, because it needs a trampoline (`fentry`).
  package let refusalOfMoves: BPFError?

  /// The links of the programs with the tracepoints, which keep the programs loaded (`bpf_link` of `bpf(2)`).
  private let links: OwnedDescriptors
  private let ring: ProgramRing
  /// The page that the programs and this object share: `struct record_losses`.
  private let losses: UnsafeMutablePointer<Losses>

  /// `struct record_losses` of `Programs/Records.h`.
  private struct Losses {
    var count: UInt64
    var first: UInt64
    var last: UInt64
    var acknowledged: UInt64
  }

  /// The records that are missing since the drain before.
  package struct Missing: Sendable {
    /// The number of records that found no room in the ring, and the time of the first one on the boot clock.
    package var count: UInt64 = 0
    package var first: BootTime = .zero
    /// The number of records that the programs do not write in this form.
    package var malformedCount: UInt64 = 0

    /// Whether no record is missing.
    package var isEmpty: Bool { count == 0 && malformedCount == 0 }
  }

  /// Loads and attaches the programs. It takes CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, of the initial user namespace
  /// (`capabilities(7)`), and a few tenths of a second, most of them in the verifier.
  ///
  /// - Parameter ringBytes: the size of the ring in bytes, a power of two of pages.
  package init(ringBytes: Int) throws(BPFError) {
    let library = try BPFLibrary()
    guard access(TaskPrograms.types, R_OK) == 0 else {
      throw BPFError(.noTypes(path: TaskPrograms.types))
    }
    library.clearLog()
    let (object, refusalOfMoves) = try Self.load(library, ringBytes: ringBytes)
    // The object has to exist only while libbpf uses it.
    defer { library.close(object) }
    try Self.findHost(library, object)
    let links = OwnedDescriptors()
    for name in Self.programs + (refusalOfMoves == nil ? [Self.move] : []) {
      try Self.attach(name, of: object, library, links)
    }
    do throws(Errno) {
      ring = try ProgramRing(library.mapDescriptor(library.map(object, "ring")), bytes: ringBytes)
      losses = try Self.mapLosses(library.mapDescriptor(library.map(object, ".data.losses")))
    } catch { throw TaskPrograms.failure(.map, error, library) }
    self.links = links
    self.refusalOfMoves = refusalOfMoves
  }

  private static let programs = [
    "report_start", "report_before_exec", "report_exec", "report_exit",
  ]
  private static let move = "report_move"

  deinit { munmap(losses, Int(getpagesize())) }

  /// The descriptor to `poll(2)`: readable when a quarter of the ring is full. The reader drains the ring by the clock.
  package var descriptor: Int32 { ring.descriptor }

  /// Consumes all records that are in the ring, and appends them to `events`. They are not in the order of time.
  package func drain(into events: inout [TaskEvent]) -> Missing {
    var missing = Missing()
    let isWhole = ring.drain { bytes in
      if let event = TaskEvent(bytes) {
        events.append(event)
      } else {
        missing.malformedCount += 1
      }
    }
    if !isWhole { missing.malformedCount += 1 }
    let now = losses.pointee
    if now.count != now.acknowledged {
      missing.count = now.count &- now.acknowledged
      missing.first = BootTime(nanoseconds: Int64(clamping: now.first))
      losses.pointee.acknowledged = now.count
    }
    return missing
  }
}

extension EventPrograms {
  /// Loads the programs: with the one that reports moves, or without it if the kernel refuses the object then.
  private static func load(
    _ library: BPFLibrary, ringBytes: Int
  ) throws(BPFError) -> (BPFLibrary.Pointer, refusalOfMoves: BPFError?) {
    do throws(BPFError) {
      return (try load(library, ringBytes: ringBytes, withMoves: true), nil)
    } catch {
      // If the reason is another one, the second attempt fails for it too, and throws it.
      library.clearLog()
      return (try load(library, ringBytes: ringBytes, withMoves: false), error)
    }
  }

  private static func load(
    _ library: BPFLibrary, ringBytes: Int, withMoves: Bool
  ) throws(BPFError) -> BPFLibrary.Pointer {
    let bytes = EmbeddedObject.events
    let object = bytes.withUnsafeBytes { library.open($0.baseAddress, $0.count, nil) }
    guard let object else {
      throw TaskPrograms.failure(.open, Errno(rawValue: errno), library)
    }
    do throws(BPFError) {
      let ring = library.map(object, "ring")
      let size = UInt32(exactly: ringBytes)
      guard let size, library.setMaxEntries(ring, size) == 0 else {
        throw BPFError(.failed(.open, .invalidArgument, ""))
      }
      if withMoves, library.setAutoload(library.program(object, move), true) != 0 {
        throw BPFError(.failed(.open, .invalidArgument, ""))
      }
      let result = library.load(object)
      guard result == 0 else {
        throw TaskPrograms.failure(.load, Errno(rawValue: -result), library)
      }
      return object
    } catch {
      library.close(object)
      throw error
    }
  }

  private static func attach(
    _ name: String, of object: BPFLibrary.Pointer, _ library: BPFLibrary, _ links: OwnedDescriptors
  ) throws(BPFError) {
    guard let link = library.attach(library.program(object, name)) else {
      throw TaskPrograms.failure(.attach, Errno(rawValue: errno), library)
    }
    defer { _ = library.destroyLink(link) }
    do throws(Errno) { try links.addDuplicate(of: library.linkDescriptor(link)) } catch {
      throw TaskPrograms.failure(.attach, error, library)
    }
  }

  /// Runs the program that finds the namespaces of kthreadd.
  private static func findHost(
    _ library: BPFLibrary, _ object: BPFLibrary.Pointer
  ) throws(BPFError) {
    guard let link = library.attachIterator(library.program(object, "find_host"), nil) else {
      throw TaskPrograms.failure(.attach, Errno(rawValue: errno), library)
    }
    defer { _ = library.destroyLink(link) }
    do throws(Errno) {
      let iterator = try OwnedDescriptor(library.makeIterator(library.linkDescriptor(link)))
      var byte: UInt8 = 0
      // The program writes nothing, so the first read runs it for all tasks. If it fails, each record has its
      // namespaces.
      _ = read(iterator.number, &byte, 1)
    } catch { throw TaskPrograms.failure(.attach, error, library) }
  }

  private static func mapLosses(_ map: Int32) throws(Errno) -> UnsafeMutablePointer<Losses> {
    let page = mmap(nil, Int(getpagesize()), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0)
    guard let page, page != MAP_FAILED else { throw Errno(rawValue: errno) }
    return page.bindMemory(to: Losses.self, capacity: 1)
  }
}
