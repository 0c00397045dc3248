internal import NamespaceModel

/// Detects steps of the wall clock against the boot clock. Stores each step twice: until the caller takes it to write
/// it (`takeUnwritten`), and until the caller takes it to report it (`takeUnreported`).
struct ClockWatch {
  /// The clock reading of the last sample; nil if the wall clock was stepped since.
  private var last: ClockReading?
  /// The wall-clock time at which the boot clock showed 0, by the last observation; nil before the first one.
  private var epoch: WallTime?
  /// The sum of the steps that were not written yet; nil if there is none.
  private var unwritten: Int64?
  /// The sum of the steps that were not reported yet; nil if there is none.
  private var unreported: Int64?

  /// Detects a step by the clock reading of a sample. A change smaller than `ClockStep.least` counts only if the
  /// wall clock shows no later time than in the last sample, so that the two samples are out of order by wall time.
  mutating func observe(_ now: ClockReading) {
    let isBack = last.map { now.wall <= $0.wall } ?? false
    observe(epoch: now.epoch, isBack: isBack)
    last = now
  }

  /// Detects a step by the epoch: the wall-clock time at which the boot clock showed 0.
  mutating func observe(epoch now: WallTime, isBack: Bool = false) {
    defer { epoch = now }
    guard let epoch else { return }
    let step = now &- epoch
    guard abs(step) >= ClockStep.least || isBack else { return }
    unwritten = (unwritten ?? 0) &+ step
    unreported = (unreported ?? 0) &+ step
    // The next sample may show an earlier wall-clock time than the last one because of this step; that
    // is no second step.
    last = nil
  }

  /// Returns and clears the step to write before the next row with a sequence number; nil if there was
  /// none.
  mutating func takeUnwritten() -> Int64? {
    defer { unwritten = nil }
    return unwritten
  }

  /// Adds back a step that the caller has taken but has not reported.
  mutating func restoreUnreported(_ step: Int64?) {
    guard let step else { return }
    unreported = (unreported ?? 0) &+ step
  }

  /// Returns and clears the step that was not reported yet; nil if there was none.
  mutating func takeUnreported() -> Int64? {
    defer { unreported = nil }
    return unreported
  }
}

/// The limits that distinguish a step of the wall clock from gradual corrections by NTP and from
/// reading noise.
package enum ClockStep {
  /// The smallest step, in nanoseconds, in either direction. A search by time allows for this much
  /// deviation of the wall clock.
  package static let least: Int64 = 10_000_000

  /// The noise between clocks, in nanoseconds: `ClockReading.now` reads them one after the other, so a
  /// smaller difference means nothing.
  static let blur: Int64 = 1_000_000
}

/// Converts boot-clock times of the recorder's time namespace to those of the initial time namespace.
/// In another time namespace the boot clock, and the start times in /proc, are offset by a constant
/// (`time_namespaces(7)`). The conversion lets recorders in different time namespaces identify a
/// process by the same start time.
struct InitialBootClock {
  /// The offset of the recorder's boot clock from that of the initial time namespace, in nanoseconds.
  private let offset: Int64
  /// The same offset, in clock ticks.
  private let ticks: Int64
  /// The inode number of the time namespace to whose clock the converted times belong; nil if not
  /// known.
  let timeNamespaceInode: UInt64?

  /// Leaves times in the recorder's time namespace if the offset is not known, or is no whole number of
  /// clock ticks. Such an offset would make it ambiguous in which of two ticks a process started.
  init(_ info: SessionInfo) {
    let tick = 1_000_000_000 / max(1, info.ticksPerSecond)
    if let offset = info.bootOffset, tick > 0, offset % tick == 0 {
      self.offset = offset
      ticks = offset / tick
      timeNamespaceInode =
        offset == 0 ? info.timeNamespaceInode : InitialNamespace.timeInode
    } else {
      offset = 0
      ticks = 0
      timeNamespaceInode = info.timeNamespaceInode
    }
  }

  func reading(_ reading: ClockReading) -> ClockReading {
    var reading = reading
    reading.boot &-= offset
    return reading
  }

  func sample(_ sample: ProcessSample) -> ProcessSample {
    guard offset != 0 else { return sample }
    var sample = sample
    sample.start = reading(sample.start)
    sample.end = reading(sample.end)
    for index in sample.appeared.indices {
      sample.appeared[index].facts = facts(sample.appeared[index].facts)
      if let start = sample.appeared[index].thread?.startTicks {
        sample.appeared[index].thread?.startTicks = ticks(start)
      }
    }
    for index in sample.identified.indices {
      sample.identified[index].facts = facts(sample.identified[index].facts)
    }
    for index in sample.described.indices {
      sample.described[index].since = sample.described[index].since.map { $0 &- offset }
    }
    return sample
  }

  func scan(_ scan: PinScan) -> PinScan {
    guard offset != 0 else { return scan }
    var scan = scan
    scan.start = reading(scan.start)
    scan.end = reading(scan.end)
    for index in scan.pins.indices { scan.pins[index].holder = holder(scan.pins[index].holder) }
    return scan
  }

  private func holder(_ holder: NamespacePin.Holder) -> NamespacePin.Holder {
    switch holder {
    case .mount: holder
    case .descriptor(let pid, let start, let number, let comm):
      .descriptor(pid: pid, startTicks: start.map(ticks), number: number, comm: comm)
    case .socket(let pid, let start, let number):
      .socket(pid: pid, startTicks: start.map(ticks), number: number)
    }
  }

  private func facts(_ facts: ProcessFacts) -> ProcessFacts {
    var facts = facts
    facts.startTicks = facts.startTicks.map(ticks)
    return facts
  }

  private func ticks(_ shown: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: shown) &- ticks)
  }
}
