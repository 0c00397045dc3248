// When samples are due, late, or missing. A slot is a time at which a sample is due.

import NSHistory
import NamespaceModel
import Testing

@testable import NSRecorder
import TestSupport

struct ScheduleTests {
  private let second: Int64 = 1_000_000_000
  private var schedule: Schedule { Schedule(start: at(100 * second), interval: 5 * second) }

  private func at(_ time: Int64) -> BootTime { BootTime(nanoseconds: time) }

  @Test("slots stay multiples of the interval after the start, however long a sample takes")
  func slots() {
    #expect(schedule.next(after: 0) == at(100 * second))
    #expect(schedule.next(after: at(100 * second)) == at(105 * second))
    #expect(schedule.next(after: at(104 * second + 999_999_999)) == at(105 * second))
    #expect(schedule.next(after: at(105 * second)) == at(110 * second))
    // Missed slots are skipped.
    #expect(schedule.next(after: at(123 * second)) == at(125 * second))
  }

  @Test("a delay of more than a tenth of the interval counts as late")
  func lateness() {
    #expect(schedule.lateness(0) == nil)
    #expect(schedule.lateness(1_000_000) == nil)
    #expect(schedule.lateness(second / 2) == nil)
    #expect(schedule.lateness(second) == second)
  }

  /// A sample of a tenth of a second, in which the recorder ran all the time.
  ///
  /// - Parameter asleep: how long the machine was suspended before.
  private func pass(at boot: Int64, asleep: Int64 = 0) -> ProcessSample {
    var sample = ProcessSample(start: clocks(boot, asleep: asleep, running: boot))
    sample.end = clocks(boot + second / 10, asleep: asleep, running: boot + second / 10)
    return sample
  }

  private func clocks(_ boot: Int64, asleep: Int64, running: Int64) -> ClockReading {
    ClockReading(wall: 0, boot: boot, monotonic: boot - asleep, running: running)
  }

  private func gap(after pause: Int64, asleep: Int64 = 0) -> GapCause? {
    let last = pass(at: 100 * second)
    return schedule.gap(from: last, to: pass(at: last.end.boot.nanoseconds + pause, asleep: asleep))
  }

  @Test("a missed slot is a gap: suspended if the machine slept for it, else stalled")
  func gaps() {
    #expect(gap(after: 5 * second) == nil)
    #expect(gap(after: 7 * second) == nil)
    #expect(gap(after: 8 * second) == .stalled)
    #expect(gap(after: 60 * second, asleep: 1 * second) == .stalled)
    #expect(gap(after: 60 * second, asleep: 55 * second) == .suspended)
  }

  @Test("a recorder that is stopped in the middle of a sample causes a gap before and after it")
  func stoppedInPass() {
    let before = pass(at: 100 * second)
    var stopped = pass(at: 105 * second)
    stopped.end = clocks(165 * second, asleep: 0, running: stopped.end.running)
    let after = pass(at: 170 * second)
    #expect(schedule.gap(from: before, to: stopped) == .stalled)
    #expect(schedule.gap(from: stopped, to: after) == .stalled)
    stopped.end = clocks(165 * second, asleep: 59 * second, running: stopped.end.running)
    #expect(schedule.gap(from: before, to: stopped) == .suspended)
  }

  @Test("a gap counts as write-failed only if writing took most of it")
  func slowWrite() {
    let last = pass(at: 100 * second)
    let late = pass(at: last.end.boot.nanoseconds + 25 * second)
    #expect(schedule.gap(from: last, to: late, writing: 19 * second) == .writeFailed)
    #expect(schedule.gap(from: last, to: late, writing: 9 * second) == .stalled)
    // The recorder did not run in the middle of the sample, which writing does not cause.
    var stopped = pass(at: 105 * second)
    stopped.end = clocks(165 * second, asleep: 0, running: stopped.end.running)
    #expect(schedule.gap(from: last, to: stopped, writing: 4 * second) == .stalled)
    #expect(
      schedule.gap(from: stopped, to: pass(at: 170 * second), writing: 4 * second) == .stalled)
  }

  @Test("a sample that takes long while the recorder runs is no gap")
  func longPass() {
    let before = pass(at: 100 * second)
    var long = pass(at: 105 * second)
    long.end = clocks(125 * second, asleep: 0, running: 124 * second)
    #expect(schedule.gap(from: before, to: long) == nil)
  }

  @Test("at a short interval a delay of a fifth of a second is no gap")
  func shortInterval() {
    let schedule = Schedule(start: 0, interval: 10_000_000)
    let last = pass(at: 0)
    func gap(_ pause: Int64) -> GapCause? {
      schedule.gap(from: last, to: pass(at: last.end.boot.nanoseconds + pause))
    }
    #expect(gap(200_000_000) == nil)
    #expect(gap(300_000_000) == .stalled)
  }
}
