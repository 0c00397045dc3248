/// Makes the bytes of a pass, as the task program writes them (Sources/NamespaceBPF/Programs/Records.h).
struct PassBytes {
  private(set) var bytes: [UInt8] = []
  /// The offset of each record.
  private(set) var offsets: [Int] = []

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
  }

  /// Appends the record of a task, in the namespaces of kthreadd or else in namespaces with the given first inode
  /// number; with `sharing`, that of a thread in the namespaces of its process.
  mutating func add(
    _ tid: Int32, of pid: Int32? = nil, start: UInt64 = 5, comm: String = "sleep",
    inode: UInt32? = nil,
    sharing: Bool = false, execs: UInt32 = 0, flags: UInt8 = 0, level: UInt32 = 0,
    nested: [Int32] = [0, 0, 0]
  ) {
    offsets.append(bytes.count)
    append(UInt16(inode == nil ? 80 : 200))
    append(UInt8(1))
    append(flags | (sharing ? 64 : inode == nil ? 1 : 0))
    append(tid)
    append(pid ?? tid)
    append(Int32(1))
    append(start)
    append(UInt64(7))
    append(UInt64(8))
    append(UInt32(1000))
    append(level)
    for number in nested { append(number) }
    append(execs)
    bytes.append(contentsOf: (Array(comm.utf8) + Array(repeating: 0, count: 16)).prefix(16))
    guard let inode else { return }
    for index in 0..<10 { append(UInt64(100 + index)) }
    for index in 0..<10 { append(inode + UInt32(index)) }
  }

  /// Appends the record that ends a pass.
  mutating func end(visited: UInt64 = 42) {
    offsets.append(bytes.count)
    append(UInt16(16))
    append(UInt8(2))
    bytes.append(contentsOf: Array(repeating: 0, count: 5))
    append(visited)
  }
}
