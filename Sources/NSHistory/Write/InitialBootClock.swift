internal import NamespaceModel

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
