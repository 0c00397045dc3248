// What the recorder does next, in each situation.

import NamespaceModel
import Testing

@testable import NSRecorder

struct SchedulerTests {
  private static let second: Int64 = 1_000_000_000

  private func time(_ seconds: Int64, _ milliseconds: Int64 = 0) -> BootTime {
    BootTime(nanoseconds: seconds * Self.second + milliseconds * 1_000_000)
  }

  /// A scheduler after a sample at the first slot, of an interval of ten seconds.
  private func sampled(pulse: Int64? = nil) -> Scheduler {
    var scheduler = Scheduler(
      Schedule(start: time(100), interval: 10 * Self.second), pulse: pulse)
    scheduler.noteSample(at: time(100, 5))
    return scheduler
  }

  @Test("the first sample is taken at once, and is not late")
  func first() {
    let scheduler = Scheduler(Schedule(start: time(100), interval: Self.second), pulse: nil)
    #expect(scheduler.next(.init(now: time(100, 1))) == .takeSample)
    #expect(scheduler.delay(at: time(100, 1)) == 0)
  }

  @Test("the next sample is taken at its slot")
  func slot() {
    let scheduler = sampled()
    #expect(scheduler.next(.init(now: time(101))) == .wait(until: time(110)))
    #expect(scheduler.next(.init(now: time(110))) == .takeSample)
    #expect(scheduler.delay(at: time(110, 7)) == 7_000_000)
  }

  @Test("while a sample is pending, nothing else is done")
  func pending() {
    var scheduler = sampled()
    scheduler.requestEvents(by: .min)
    scheduler.setScans(due: .min)
    var situation = Scheduler.Situation(
      now: time(120), pending: .waiting(until: time(120, 3)), isSampleNeeded: true,
      queuedEvents: 1 << 20, retentionDue: .min, retentionFits: true)
    #expect(scheduler.next(situation) == .wait(until: time(120, 3)))
    situation.pending = .ready(hasManyEvents: true)
    #expect(scheduler.next(situation) == .writeEventsBeforeSample)
    situation.pending = .ready(hasManyEvents: false)
    #expect(scheduler.next(situation) == .completeSample)
  }

  @Test("events are written a while after the first of them, or once there are many")
  func events() {
    var scheduler = sampled()
    scheduler.noteEvents(at: time(101))
    scheduler.noteEvents(at: time(101, 500))
    #expect(scheduler.next(.init(now: time(101, 749))) == .wait(until: time(101, 750)))
    #expect(scheduler.next(.init(now: time(101, 750))) == .writeEvents)
    scheduler.noteEventsWritten()
    #expect(scheduler.next(.init(now: time(101, 750))) == .wait(until: time(110)))
    #expect(scheduler.next(.init(now: time(102), queuedEvents: 32769)) == .writeEvents)
  }

  @Test("a resync takes a sample at once, but not right after one that failed or was useless")
  func resync() {
    var scheduler = sampled()
    let needed = Scheduler.Situation(now: time(101), isSampleNeeded: true)
    #expect(scheduler.next(needed) == .takeSample)
    scheduler.noteUselessSample(at: time(101))
    #expect(scheduler.next(needed) == .wait(until: time(101, 100)))
    scheduler.noteFailedSample(at: time(101))
    #expect(scheduler.next(needed) == .wait(until: time(110)))
  }

  @Test("one extra sample follows a sample that did not confirm the state, and no second one")
  func extra() {
    var scheduler = sampled()
    scheduler.noteUsableSample(hasUnverified: true, at: time(101))
    #expect(scheduler.sampleDue == time(101, 100))
    scheduler.noteSample(at: time(101, 105))
    scheduler.noteUsableSample(hasUnverified: true, at: time(101, 130))
    #expect(scheduler.sampleDue == time(110))
    scheduler.noteSample(at: time(110, 5))
    scheduler.noteUsableSample(hasUnverified: true, at: time(110, 10))
    #expect(scheduler.sampleDue == time(110, 110))
  }

  @Test("a step of retention is taken if it fits, and otherwise waits for the next sample")
  func retention() {
    let scheduler = sampled()
    var situation = Scheduler.Situation(now: time(101), retentionDue: time(102))
    #expect(scheduler.next(situation) == .wait(until: time(102)))
    situation.now = time(102)
    #expect(scheduler.next(situation) == .wait(until: time(110)))
    situation.retentionFits = true
    #expect(scheduler.next(situation) == .retain)
  }

  @Test("a sign of life is due twice in each pulse, also while a sample is pending")
  func pulse() {
    var scheduler = sampled(pulse: 2 * Self.second)
    let first = scheduler.takePulse(at: time(101))
    let tooEarly = scheduler.takePulse(at: time(101, 999))
    #expect(first && !tooEarly)
    let pending = Scheduler.Situation(now: time(101), pending: .waiting(until: time(105)))
    #expect(scheduler.next(pending) == .wait(until: time(102)))
    let second = scheduler.takePulse(at: time(102))
    #expect(second)
    var silent = sampled()
    let none = silent.takePulse(at: time(101))
    #expect(!none)
  }
}
