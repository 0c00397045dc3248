internal import NamespaceModel

/// Notices when the wall clock was set against the boot clock, and keeps each step until it is
/// written before a row, and until it is reported.
struct ClockWatch {
  /// The last sample's reading; nil where the clock was set since.
  private var last: ClockReading?
  private var epoch: Int64?
  /// The steps since the last row with a number.
  private var unwritten: Int64?
  /// The steps since the last report.
  private var unreported: Int64?

  /// Notices by a sample's reading whether the wall clock was set since the last one, or would bring
  /// samples out of order: a smaller step counts as none.
  mutating func observe(_ now: ClockReading) {
    let isBack = last.map { now.wall <= $0.wall } ?? false
    observe(epoch: now.wall &- now.boot, isBack: isBack)
    last = now
  }

  /// Notices the same by what the wall clock shows when the boot clock shows 0.
  mutating func observe(epoch now: Int64, isBack: Bool = false) {
    defer { epoch = now }
    guard let epoch else { return }
    let step = now &- epoch
    guard abs(step) >= ClockStep.least || isBack else { return }
    unwritten = (unwritten ?? 0) &+ step
    unreported = (unreported ?? 0) &+ step
    // The next sample is behind the step: that it shows an earlier time than the last is no second one.
    last = nil
  }

  /// The step that belongs before the next row with a number; nil when there was none.
  mutating func takeUnwritten() -> Int64? {
    defer { unwritten = nil }
    return unwritten
  }

  /// Keeps a step that was taken and is still to be reported.
  mutating func keepUnreported(_ step: Int64?) {
    guard let step else { return }
    unreported = (unreported ?? 0) &+ step
  }

  /// The step that nobody has reported yet; nil when there was none.
  mutating func takeUnreported() -> Int64? {
    defer { unreported = nil }
    return unreported
  }
}

/// When the wall clock is said to have been set: more than the slow corrections of NTP make between
/// two samples, or less than nothing.
package enum ClockStep {
  /// In nanoseconds, on either side. Time is looked for this much around where it is expected.
  package static let least: Int64 = 10_000_000

  /// The clocks are read one after the other (`ClockReading.now`): what they are apart by less than
  /// this, in nanoseconds, says nothing.
  static let blur: Int64 = 1_000_000
}

/// Converts times of a recorder's boot clock to the initial time namespace's: a recorder in another time
/// namespace has a clock, and is shown start times, that are ahead by a fixed length
/// (`time_namespaces(7)`). So a process is one, from whichever time namespace it was recorded.
struct InitialBootClock {
  /// How far the recorder's clock is ahead, in nanoseconds.
  private let offset: Int64
  /// The same in clock ticks.
  private let ticks: Int64
  /// The time namespace whose clock the converted times are of; nil if not known.
  let timeNamespaceInode: UInt64?

  /// Converts nothing where the offset is not known. One that is no whole number of clock ticks leaves it
  /// open in which of two ticks a process started: then times stay those of the recorder's namespace.
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
