// Compares the library's own conversion of times to UTC text with gmtime_r(3).

import NSHistory
import TestSupport
import Testing

struct UTCTextTests {
  private static func utc(_ time: WallTime, _ day: inout UTCDay) -> String {
    String(decoding: UTCText(time, &day).bytes, as: UTF8.self)
  }

  private static let day: Int64 = 86_400_000_000_000

  private func expectSame(_ time: WallTime, at location: SourceLocation = #_sourceLocation) {
    var day = UTCDay()
    #expect(Self.utc(time, &day) == TimeFormat.utc(time), sourceLocation: location)
    // Again, with the day cached.
    #expect(Self.utc(time, &day) == TimeFormat.utc(time), sourceLocation: location)
    #expect(
      String(decoding: UTCText(start: time, &day).bytes, as: UTF8.self) == TimeFormat.start(time),
      sourceLocation: location)
  }

  private static let ends: [WallTime] = [
    .min, .min + 1, .zero - day - 1, .zero - day, -1, 0, 1, .zero + day - 1, .zero + day, .max - 1,
    .max,
  ]

  @Test func theEndsOfTime() {
    for time in Self.ends { expectSame(time) }
  }

  @Test func oneEndOfTimeBehindAnother() {
    for first in Self.ends {
      for second in Self.ends {
        var calendar = UTCDay()
        _ = Self.utc(first, &calendar)
        #expect(
          Self.utc(second, &calendar) == TimeFormat.utc(second), "\(second) behind \(first)")
      }
    }
  }

  /// Checks the first and the last moment of every day that 64-bit nanoseconds can express.
  @Test func theEndsOfDays() {
    var wrong = 0
    var calendar = UTCDay()
    for day in Int64.min / Self.day + 1..<Int64.max / Self.day {
      for time in [day * Self.day, day * Self.day - 1].map(WallTime.init(nanoseconds:)) {
        if Self.utc(time, &calendar) != TimeFormat.utc(time) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test func anyTime() {
    var random = SeededRandom(seed: 1)
    var calendar = UTCDay()
    for _ in 0..<2000 {
      let time = WallTime(nanoseconds: .random(in: .min ... .max, using: &random))
      expectSame(time)
      #expect(Self.utc(time, &calendar) == TimeFormat.utc(time))
    }
  }
}
