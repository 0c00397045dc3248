// When samples are due, late, or missing.

import NSHistory
import NamespaceModel
import Testing

@testable import NSRecorder

struct ScheduleTests {
  private let second: Int64 = 1_000_000_000
  private var schedule: Schedule { Schedule(start: 100 * second, interval: 5 * second) }

  @Test("slots do not drift, whatever a sample takes")
  func slots() {
    #expect(schedule.next(after: 0) == 100 * second)
    #expect(schedule.next(after: 100 * second) == 105 * second)
    #expect(schedule.next(after: 104 * second + 999_999_999) == 105 * second)
    #expect(schedule.next(after: 105 * second) == 110 * second)
    // Slots that have passed are not made up for.
    #expect(schedule.next(after: 123 * second) == 125 * second)
  }

  @Test("a sample is late when it is a tenth of the interval behind")
  func lateness() {
    #expect(schedule.lateness(of: 100 * second) == nil)
    #expect(schedule.lateness(of: 105 * second + 1_000_000) == nil)
    #expect(schedule.lateness(of: 106 * second) == second)
  }

  private func gap(pause: Int64, asleep: Int64 = 0) -> GapCause? {
    var last = ProcessSample(start: ClockReading(wall: 0, boot: 99 * second, monotonic: 0))
    last.end = ClockReading(wall: 0, boot: 100 * second, monotonic: 50 * second)
    return schedule.gap(
      from: last,
      to: ClockReading(
        wall: 0, boot: 100 * second + pause, monotonic: 50 * second + pause - asleep))
  }

  @Test("a missed slot is a gap: of the machine's sleep, or the recorder's")
  func gaps() {
    #expect(gap(pause: 5 * second) == nil)
    #expect(gap(pause: 7 * second) == nil)
    #expect(gap(pause: 8 * second) == .stalled)
    #expect(gap(pause: 60 * second, asleep: 1 * second) == .stalled)
    #expect(gap(pause: 60 * second, asleep: 55 * second) == .suspended)
  }

  @Test("a short interval is no gap for a moment's delay")
  func shortInterval() {
    let schedule = Schedule(start: 0, interval: 10_000_000)
    let last = ProcessSample(start: ClockReading(wall: 0, boot: 0, monotonic: 0))
    func gap(_ pause: Int64) -> GapCause? {
      schedule.gap(from: last, to: ClockReading(wall: 0, boot: pause, monotonic: pause))
    }
    #expect(gap(200_000_000) == nil)
    #expect(gap(300_000_000) == .stalled)
  }
}
