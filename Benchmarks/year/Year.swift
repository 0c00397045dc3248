// Records made-up samples of a busy container host through the recorder's own writer, with retention, as fast as the
// machine can: a year takes about an hour. `Benchmarks/run --only year` builds and runs it.
//
//   year OUTPUT.db DAYS MAX_SIZE
//
// 500 processes run at any time, and a sample is taken every 5 seconds. Between two samples a process exits and another one
// starts. One of 50 containers is replaced every 3 minutes, a scan for pins is done every minute, and the recorder starts
// again every week. The program prints a line for every 30 days on standard error. Standard output gets six numbers: the
// samples, the memberships that were written and those that were removed, the greatest size of the file with its -wal in
// bytes, and the CPU time of the whole and of retention in nanoseconds.

internal import Glibc
internal import NSHistory
internal import NamespaceModel

let second: Int64 = 1_000_000_000
let interval = 5 * second
let samplesADay = 86_400 / 5

/// The clocks of a machine that was started some days before the first sample. The last sample is taken now.
struct Clocks {
  let end = ClockReading.now().wall
  let samples: Int

  func reading(_ sample: Int) -> ClockReading {
    let boot = 345_600 * second + Int64(sample) * interval
    return ClockReading(
      wall: end - Int64(samples - sample) * interval, boot: BootTime(nanoseconds: boot),
      monotonic: boot)
  }
}

/// The processes and containers of the machine, and what changes from one sample to the next.
struct Machine {
  struct Container {
    let cgroup: String
    let namespaces: [NamespaceType: ObservedNamespace]
    var processes: [ProcessToken] = []
  }

  private(set) var running: [ProcessToken: ProcessSample.Appearance] = [:]
  private(set) var containers: [Container] = []
  private var transient: [ProcessToken] = []
  private var appeared: [ProcessToken] = []
  private var disappeared: [ProcessToken] = []
  private var random = Random()
  private var lastToken: UInt64 = 0
  private var lastPID: Int32 = 300
  private var pids: Set<Int32> = []
  private var lastKernelID: UInt64 = 100
  private var lastInode: UInt64 = 4_026_532_200
  /// Inode numbers that the kernel gives again.
  private var freeInodes: [UInt64] = []
  private var ticks: UInt64 = 0

  /// The initial namespaces, with the kernel ids that they have on Linux 6.18.
  private static let initial: [NamespaceType: ObservedNamespace] = {
    let ids: [NamespaceType: UInt64] = [
      .uts: 1, .time: 2, .net: 3, .mnt: 4, .cgroup: 5, .user: 6, .pid: 7, .ipc: 8,
    ]
    let namespaces = ids.map { type, id in
      ObservedNamespace(
        type: type, inode: 4_026_531_830 + UInt64(type.rawValue), kernelID: id, inodeGeneration: 0,
        isInitial: true)
    }
    return Dictionary(uniqueKeysWithValues: namespaces.map { ($0.type, $0) })
  }()
  static var shownPIDNamespace: ObservedNamespace? { initial[.pid] }

  /// A machine after its start.
  init(at start: ClockReading) {
    advance(to: start)
    for number in 0..<200 { _ = self.start("service-\(number)", in: nil) }
    for _ in 0..<50 { startContainer() }
    for _ in 0..<100 { startTransient() }
  }

  private mutating func advance(to time: ClockReading) {
    ticks = UInt64((time.boot.nanoseconds - interval / 2) / 10_000_000)
  }

  private mutating func start(_ comm: String, in container: Int?) -> ProcessToken {
    lastToken += 1
    repeat { lastPID = lastPID < 131_071 ? lastPID + 1 : 300 } while pids.contains(lastPID)
    pids.insert(lastPID)
    let place = container.map { containers[$0] }
    let nspid = place.map { [lastPID, Int32($0.processes.count + 1)] } ?? [lastPID]
    let token = ProcessToken(number: lastToken)
    running[token] = ProcessSample.Appearance(
      token: token,
      facts: ProcessFacts(
        pid: lastPID, startTicks: ticks, parentPID: 1, isKernelThread: false, nspid: nspid),
      description: ProcessDescription(
        comm: Array(comm.utf8), uid: 0,
        cgroup: Array((place?.cgroup ?? "0::/system.slice/\(comm).service").utf8)),
      links: NamespaceLink.allCases.map { link in
        guard let own = place?.namespaces[link.type] ?? Self.initial[link.type] else {
          return .unread(.unsupported)
        }
        return .namespace(own)
      })
    appeared.append(token)
    return token
  }

  private mutating func end(_ token: ProcessToken) {
    guard let process = running.removeValue(forKey: token) else { return }
    pids.remove(process.facts.pid)
    disappeared.append(token)
  }

  private mutating func startContainer() {
    let id = (0..<4).map { _ in
      let digits = String(random.next(), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    let types: [NamespaceType] = [.cgroup, .ipc, .mnt, .net, .pid, .uts]
    let namespaces = types.map { type in
      lastKernelID += 1
      lastInode += 1
      return ObservedNamespace(
        type: type, inode: freeInodes.popLast() ?? lastInode, kernelID: lastKernelID,
        inodeGeneration: 0, isInitial: false)
    }
    containers.append(
      Container(
        cgroup: "0::/system.slice/docker-\(id.joined()).scope",
        namespaces: Dictionary(uniqueKeysWithValues: namespaces.map { ($0.type, $0) })))
    for number in 0..<4 {
      let token = start("server-\(number)", in: containers.count - 1)
      containers[containers.count - 1].processes.append(token)
    }
  }

  private mutating func startTransient() {
    let isInContainer = random.next() % 4 == 0
    let container = isInContainer ? Int(random.next() % UInt64(containers.count)) : nil
    let number = random.next() % 40
    transient.append(start(number == 0 ? "sh" : "command-\(number)", in: container))
  }

  /// Lets some processes exit and others start. Returns the sample that shows them.
  mutating func sample(_ number: Int, at time: ClockReading) -> ProcessSample {
    advance(to: time)
    if number > 0 {
      let index = Int(random.next() % UInt64(transient.count))
      transient.swapAt(index, transient.count - 1)
      end(transient.removeLast())
      startTransient()
      if number % 36 == 0 {
        let ended = containers.removeFirst()
        for token in ended.processes { end(token) }
        for token in transient where running[token]?.description.cgroup == Array(ended.cgroup.utf8)
        {
          end(token)
        }
        let count = transient.count
        transient.removeAll { running[$0] == nil }
        freeInodes += ended.namespaces.values.map(\.inode).sorted()
        startContainer()
        for _ in transient.count..<count { startTransient() }
      }
    }
    var sample = ProcessSample(start: time)
    sample.end = ClockReading(
      wall: time.wall + 20_000_000, boot: time.boot + 20_000_000,
      monotonic: time.monotonic + 20_000_000)
    sample.appeared = appeared.compactMap { running[$0] }
    sample.disappeared = disappeared
    sample.hasAllDescriptions = number % ProcessDescription.samplesToReadAll == 0
    sample.counts.processes = running.count
    appeared = []
    disappeared = []
    return sample
  }

  /// Lets the next sample show every process, as the first one of a recorder does.
  mutating func forgetSamples() { appeared = running.keys.sorted { $0.number < $1.number } }

  /// The mounts that pin the net namespaces of the containers.
  func pins(at time: ClockReading) -> PinScan {
    var scan = PinScan(start: time)
    for container in containers {
      guard let net = container.namespaces[.net] else { continue }
      let path = "/run/docker/netns/\(net.kernelID ?? 0)"
      scan.pins.append(
        NamespacePin(
          namespace: net, holder: .mount(path: Array(path.utf8), in: Self.initial[.mnt])))
    }
    scan.processes = running.count
    return scan
  }
}

/// Numbers that are the same in every run (xorshift64).
struct Random {
  private var state: UInt64 = 88_172_645_463_325_252

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// Writes a line to standard error.
func say(_ line: String) {
  var text = line + "\n"
  _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The size of a file; 0 if there is none.
func size(_ path: String) -> Int64 {
  var status = stat()
  return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}

func record(into path: String, days: Int, maxSize: Int64) throws {
  let clocks = Clocks(samples: days * samplesADay)
  var machine = Machine(at: clocks.reading(0))
  let writer = try HistoryWriter(path: path, limits: RetentionLimits(maxSize: maxSize))
  let began = ClockReading.now().monotonic
  var (written, removed, most, retention) = (0, 0, Int64(0), Int64(0))
  for number in 0...clocks.samples {
    let time = clocks.reading(number)
    if number % (7 * samplesADay) == 0 {
      if number > 0 {
        try writer.endSession(.stopped)
        machine.forgetSamples()
      }
      try writer.beginSession(
        SessionInfo(
          bootID: "00000000-0000-4000-8000-000000000001", ticksPerSecond: 100, recorderPID: 2000,
          program: "nshist year", interval: interval, identity: "name_to_handle_at",
          procRoot: "/proc", shownPIDNamespace: Machine.shownPIDNamespace, started: time))
    }
    let sample = machine.sample(number, at: time)
    written += sample.appeared.count
    _ = try writer.write(sample, SampleTiming())
    if number % 12 == 0 {
      try writer.write(machine.pins(at: clocks.reading(number)))
    }
    let before = ClockReading.now().running
    while true {
      let step = try writer.retain()
      removed += step.removedRows
      most = max(most, size(path) + size(path + "-wal"))
      guard step.hasMore else { break }
    }
    retention += ClockReading.now().running - before
    if number % (30 * samplesADay) == 0, number > 0 {
      let seconds = (ClockReading.now().monotonic - began) / second
      say(
        "day \(number / samplesADay): \(written) memberships, \(most) bytes, \(seconds) s"
      )
    }
  }
  try writer.endSession(.completed)
  print(clocks.samples + 1, written, removed, most, ClockReading.now().running, retention)
}

@main
enum Year {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let days = Int(arguments[2]), days > 0,
      let maxSize = Int64(arguments[3]), maxSize >= RetentionLimits.leastSize
    else {
      say("usage: year OUTPUT.db DAYS MAX_SIZE_IN_BYTES")
      exit(64)
    }
    try record(into: arguments[1], days: days, maxSize: maxSize)
  }
}
