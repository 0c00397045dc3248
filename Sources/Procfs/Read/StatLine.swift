/// The fields of `/proc/PID/stat` that the history needs (`proc_pid_stat(5)`).
package struct StatLine: Sendable, Hashable {
  /// Field 1: the PID.
  package var pid: Int32
  /// Field 2: the name of the task: at most 15 bytes for a process, with any value but NUL.
  package var comm: [UInt8]
  /// Field 3: the state, such as `R`, `S` or `Z`.
  package var state: UInt8
  /// Field 4: the PID of the parent, 0 if the parent is outside the pid namespace of this `/proc`.
  package var parentPID: Int32
  /// Field 6: the session id; 0 if the leader of the session is outside the pid namespace of this `/proc`.
  package var session: Int32
  /// Field 7: the device number of the controlling terminal, 0 for none.
  package var terminal: Int32
  /// Field 9: the `PF_*` flags of the kernel's `linux/sched.h`.
  package var flags: UInt32
  /// Field 22: the start time of the process, in clock ticks of the boot clock.
  package var startTicks: UInt64
  /// Field 48: the address of the arguments; nil if the kernel does not show it to this reader, or the line ends before
  /// it. An exec places the arguments at another address, because the kernel randomizes it (`randomize_va_space` of
  /// `proc_sys_kernel(5)`).
  package var argumentStart: UInt64?

  /// `PF_KTHREAD`: the task is a kernel thread.
  package var isKernelThread: Bool { flags & 0x0020_0000 != 0 }

  /// `PF_EXITING`: the task has begun to exit; it leaves its namespaces some time later.
  package var isExiting: Bool { flags & 0x4 != 0 }

  /// Parses the line; returns nil if it is malformed, or is cut off before field 22.
  ///
  /// The name may contain spaces, newlines and `)`, so it ends at the *last* `)` of the line: the later
  /// fields contain none.
  package init?(_ line: [UInt8]) {
    guard let open = line.firstIndex(of: UInt8(ascii: "(")),
      let close = line.lastIndex(of: UInt8(ascii: ")")), open < close,
      open >= 2, let pid = Decimal.parse(line[..<(open - 1)])
    else { return nil }
    let fields = line[(close + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0A })
    // The first of `fields` is field 3. A last field without a newline after it may be cut off.
    guard fields.count > 22 - 3, fields[0].count == 1,
      fields.count > 22 - 3 + 1 || line.last == 0x0A,
      let parent = Decimal.parse(fields[4 - 3]),
      let session = Self.signed(fields[6 - 3]), let terminal = Self.signed(fields[7 - 3]),
      let flags = Decimal.parse(fields[9 - 3]),
      let start = Decimal.parse(fields[22 - 3]),
      let pid = Int32(exactly: pid), let parent = Int32(exactly: parent),
      let flags = UInt32(exactly: flags), let state = fields[0].first
    else { return nil }
    self.pid = pid
    comm = Array(line[(open + 1)..<close])
    self.state = state
    parentPID = parent
    self.session = session
    self.terminal = terminal
    self.flags = flags
    startTicks = start
    // Only a line with all 52 fields, so that `DescriptionCheck` finds the field from the end of the line.
    let argumentStart = fields.count == 52 - 3 + 1 ? Decimal.parse(fields[48 - 3]) : nil
    self.argumentStart = argumentStart == 0 ? nil : argumentStart
  }

  /// Parses a field that the kernel prints with a sign.
  private static func signed(_ digits: ArraySlice<UInt8>) -> Int32? {
    guard digits.first == UInt8(ascii: "-") else {
      return Decimal.parse(digits).flatMap(Int32.init(exactly:))
    }
    return Decimal.parse(digits.dropFirst()).flatMap { Int32(exactly: -Int64(clamping: $0)) }
  }
}
