// When a recorder removes rows: between two samples, and as few samples as possible are delayed by it.

import NamespaceModel
import Testing

@testable import NSRecorder

struct RetentionWorkTests {
  private static let millisecond: Int64 = 1_000_000

  /// Whether a step fits, a number of milliseconds before the next sample of a recorder with an interval of a second.
  private func fits(
    _ estimate: Int64, _ left: Int64, waited: Int64?, isUrgent: Bool, interval: Int64 = 1000
  ) -> Bool {
    let sample = BootTime(nanoseconds: 1_000_000 * Self.millisecond)
    return RetentionWork.fits(
      estimate * Self.millisecond, before: sample, at: sample - left * Self.millisecond,
      interval: interval * Self.millisecond, waited: waited.map { $0 * Self.millisecond },
      isUrgent: isUrgent)
  }

  @Test("a step that would delay a sample waits for it, however much there is to remove")
  func waitsForTheSample() {
    for isUrgent in [false, true] {
      #expect(fits(300, 400, waited: 0, isUrgent: isUrgent))
      for waited: Int64? in [nil, 0, 260, 900] {
        #expect(
          !fits(300, 290, waited: waited, isUrgent: isUrgent), "\(String(describing: waited))")
        #expect(!fits(300, 40, waited: waited, isUrgent: isUrgent), "\(String(describing: waited))")
      }
    }
  }

  @Test("a short step is taken at once while the size is above its limit")
  func short() {
    #expect(fits(10, 5, waited: nil, isUrgent: true))
    #expect(!fits(10, 5, waited: nil, isUrgent: false))
  }

  @Test("a step that fits between no two samples is taken after a while")
  func shortInterval() {
    #expect(!fits(300, 40, waited: 200, isUrgent: true, interval: 100))
    #expect(fits(300, 40, waited: 260, isUrgent: true, interval: 100))
    #expect(!fits(300, 40, waited: 1900, isUrgent: false, interval: 100))
    #expect(fits(300, 40, waited: 2100, isUrgent: false, interval: 100))
  }

  @Test("a recorder that is always late removes rows nevertheless")
  func alwaysLate() {
    #expect(fits(300, -100, waited: 1300, isUrgent: true))
    #expect(fits(300, -100, waited: 3100, isUrgent: false))
  }
}
