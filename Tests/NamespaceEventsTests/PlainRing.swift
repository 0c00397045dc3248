// An event ring in ordinary memory, into which a test writes records as the kernel would.

@testable import NamespaceEvents
import TestSupport

final class PlainRing {
  let capacity: Int
  private let memory: UnsafeMutableRawPointer
  private let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: RingBytes.scratchBytes, alignment: 8)
  private(set) var head: UInt64 = 0
  var account = RingAccount(openedAt: 100)

  init(capacity: Int) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity, alignment: 8)
    memory.initializeMemory(as: UInt8.self, repeating: 0xEE, count: capacity)
  }

  deinit {
    memory.deallocate()
    scratch.deallocate()
  }

  func write(_ records: [UInt8]...) {
    for byte in records.joined() {
      memory.storeBytes(of: byte, toByteOffset: Int(head % UInt64(capacity)), as: UInt8.self)
      head += 1
    }
  }

  /// Consumes the records up to `head`, at the time 5000.
  func consume(to head: UInt64? = nil) -> (events: [KernelEvent], losses: [EventLoss]) {
    var events: [KernelEvent] = []
    var losses: [EventLoss] = []
    let bytes = RingBytes(base: memory, capacity: capacity, scratch: scratch)
    account.consume(bytes, to: head ?? self.head, into: &events, losses: &losses) { 5000 }
    return (events, losses)
  }
}
