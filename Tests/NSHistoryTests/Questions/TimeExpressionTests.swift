// Parses times as people write them, in a zone with summer time.

import Foundation
import NSHistory
import TestSupport
import Testing

@Suite(.serialized)
struct TimeExpressionTests {
  /// 2026-11-23T10:00:00Z, which is 11:00 in Berlin.
  private static let now: WallTime = 1_795_428_000_000_000_000
  private static let second: Int64 = 1_000_000_000

  init() {
    setenv("TZ", "Europe/Berlin", 1)
    tzset()
  }

  private func parse(_ text: String) -> WallTime? {
    TimeExpression.parse(text, now: Self.now, zone: .local)
  }

  @Test(
    "a time before 1970 is none",
    arguments: ["-99999d", "99999d ago", "1970-01-01T00:00:00+00:01", "1969-12-31T23:59:59Z"])
  func before1970(text: String) {
    #expect(parse(text) == nil)
  }

  @Test(
    "every form of time is parsed (in seconds from 2026-11-23T10:00:00Z)",
    arguments: [
      ("now", 0), ("2026-11-23T10:00:00Z", 0), ("2026-11-23t10:00:00z", 0),
      ("2026-11-23T11:00:00+01:00", 0), ("2026-11-23T04:30:00-05:30", 0),
      ("2026-11-23 11:00", 0), ("2026-11-23 11:00:00", 0), ("2026-11-23T11:00", 0),
      ("11:00", 0), ("11:00:05", 5), ("9:00", -7200), ("today", -39600), ("today 10:00", -3600),
      ("2026-11-23", -39600), ("yesterday", -126_000), ("yesterday 10:00", -90000),
      ("-5m", -300), ("5m ago", -300), ("3d2h ago", -266_400), ("-1h30m", -5400),
      ("-2w", -1_209_600),
      ("@1795428000", 0), ("2026-07-01 12:00", -12_528_000), ("  11:00  ", 0),
      ("2026-11-23T11:00:00+0100", 0), ("2026-11-23 11:00:00 +0100", 0),
    ] as [(String, Int64)])
  func forms(text: String, seconds: Int64) {
    #expect(parse(text) == Self.now + seconds * Self.second)
  }

  @Test(
    "times are parsed as journalctl reads and prints them (in seconds from 2026-11-23T10:00:00Z)",
    arguments: [
      ("1 hour ago", -3600), ("5min ago", -300), ("-5min", -300), ("2 days ago", -172_800),
      ("1 week 2 days 3 hr 4 minutes 5 sec ago", -788_645), ("1h 30min ago", -5400),
      ("90 seconds ago", -90), ("-2hours", -7200), ("2026-11-23 10:00:00 UTC", 0),
      ("2026-11-23 10:00:00 GMT", 0), ("2026-11-23 10:00 UTC", 0), ("10:00 UTC", 0),
      ("today UTC", -36000), ("2026-11-23 UTC", -36000), ("yesterday 10:00 UTC", -86400),
      ("Mon 2026-11-23 10:00:00 UTC", 0), ("Monday 2026-11-23 11:00", 0),
      ("Mon 2026-11-23 11:00:00 CET", 0), ("2026-10-25 02:30 CEST", -2_539_800),
      ("2026-10-25 02:30 CET", -2_536_200),
    ] as [(String, Int64)])
  func journal(text: String, seconds: Int64) {
    #expect(parse(text) == Self.now + seconds * Self.second)
  }

  @Test(
    "a time covers the unit of its last digit",
    arguments: [
      ("11:00", 0), ("11:00:05", Self.second), ("11:00:05.1", 100_000_000),
      ("2026-11-23T10:00:00.129Z", 1_000_000), ("2026-11-23 11:00:00.129+01:00", 1_000_000),
      ("@1795428000.123456789", 1), ("@1795428000", Self.second), ("-1.5s", 0), ("now", 0),
      ("2026-11-23", 0), ("noon", 0),
    ] as [(String, Int64)])
  func lastDigit(text: String, nanoseconds: Int64) {
    #expect(
      TimeExpression.lastDigit(of: text, now: Self.now, zone: .local) == nanoseconds)
  }

  @Test(
    "fractions of a second are parsed (in milliseconds)",
    arguments: [
      ("11:00:00.5", 500), ("2026-11-23T10:00:00.25Z", 250), ("@1795428000.125", 125),
      ("-1.5s", -1500), ("-250ms", -250), ("2026-11-23 11:00:00.000000001", 0),
    ] as [(String, Int64)])
  func fractions(text: String, milliseconds: Int64) throws {
    let time = try #require(parse(text))
    #expect((time - Self.now) / 1_000_000 == milliseconds)
  }

  @Test(
    "a malformed time is refused",
    arguments: [
      "", " ", "noon", "25:00", "10:60", "10:00:60", "10", "10:0", "1:2:3:4", "2026-02-30",
      "2026-13-01", "2026-11-23T10:00:00+25:00", "2026-11-23T10:00:00+01", "-", "-5", "-5x", "5m",
      "ago", "m ago", "@", "@x", "@-1", "@99999999999999", "-99999999999w", "11:00:00.",
      "2026-03-29 02:30", "yesterdayish", "today x", "now now", "2026-11-23Z", "１１:００",
      "1 fortnight ago", "1 month ago", "1 hour", "5 ago", "hour ago", "1hour2 ago", "UTC",
      "2026-11-23 10:00 PST", "Tue 2026-11-23 10:00", "Foo 2026-11-23", "now CET", "-5m CET",
      "2026-11-23 11:00:00 CEST",
    ])
  func noTime(text: String) {
    #expect(parse(text) == nil)
  }

  @Test("a fraction may have any number of digits, of which nine count")
  func longFractions() {
    for digits in 1...30 {
      let fraction = String("123456789123456789123456789123456789".prefix(digits))
      let padded = (fraction + "000000000").prefix(9)
      let text = "2026-11-24T10:00:00.\(fraction)Z"
      let whole = WallTime(nanoseconds: 1_795_514_400 * 1_000_000_000)
      let expected = whole + (Int64(padded) ?? 0)
      #expect(TimeExpression.parse(text, now: 0, zone: .utc) == expected, "\(text)")
    }
  }

  @Test(
    "a time beyond the range of 64-bit nanoseconds is refused",
    arguments: [
      "2262-04-13", "2262-04-11T23:47:17Z", "9999-12-31", "9999-12-31T23:59:59.999Z",
      "2262-04-11T23:47:16.9Z", "@9999999999", "@9223372036.9", "99999999999w ago", "-9999999999w",
    ])
  func outOfRange(text: String) {
    #expect(TimeExpression.meanings(of: text, now: 0, zone: .local).isEmpty)
    #expect(TimeExpression.meanings(of: text, now: 0, zone: .utc).isEmpty)
  }

  @Test("a local time in the hour that is repeated at the end of summer time has two meanings")
  func ambiguous() {
    let text = "2026-10-25 02:30"
    let meanings = TimeExpression.meanings(of: text, now: Self.now, zone: .local)
    #expect(
      meanings.map(TimeFormat.utc) == [
        "2026-10-25T00:30:00.000000000Z", "2026-10-25T01:30:00.000000000Z",
      ])
    #expect(parse(text) == nil)
    #expect(parse("2026-10-25 02:30+02:00") == meanings.first)
    #expect(parse("2026-10-25 02:30+01:00") == meanings.last)
    for time in meanings { #expect(parse(TimeFormat.localTime(time, .local)) == time) }
    #expect(parse("2026-10-25 01:59") != nil && parse("2026-10-25 03:00") != nil)
  }

  @Test(
    "a printed time is parsed back to the same time", arguments: [0, 999_999_999, -1, 86_400_000])
  func roundTrip(nanoseconds: Int64) {
    let time = Self.now + nanoseconds
    #expect(parse(TimeFormat.utc(time)) == time)
    let shown = TimeFormat.localTime(time, .local)
    #expect(shown.hasSuffix("+01:00"))
    let whole = WallTime(nanoseconds: time.nanoseconds / 1_000_000 * 1_000_000)
    #expect(parse(shown) == whole)
    #expect(parse(TimeFormat.localTime(time, .utc)) == whole)
  }
}
