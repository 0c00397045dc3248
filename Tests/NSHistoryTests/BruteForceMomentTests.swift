// Compares the processes and namespaces at a moment with the samples around it.

import NSHistory
import NamespaceModel
import Testing

struct BruteForceMomentTests {
  @Test(
    "processes and namespaces at a moment agree with the samples around it",
    arguments: BruteForce.seeds)
  func processes(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    for time in brute.history.interestingTimes {
      let moments = brute.history.moments(at: time)
      let answer = try brute.reader.processes(at: time)
      brute.check(
        answer.samples.map { [brute.sample($0.before), brute.sample($0.after)] }
          == moments.map { [$0.before ?? -1, $0.after ?? -1] },
        "samples around \(time): \(answer.samples), not \(moments)")
      checkPresence(brute, time, moments, answer.processes)
      for one in answer.processes { checkPlaces(brute, time, moments, one) }
      try checkCounts(brute, time, moments, answer.processes)
    }
    brute.report()
  }

  private func checkPresence(
    _ brute: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment],
    _ found: [ProcessAtMoment]
  ) {
    let history = brute.history
    let listed = Dictionary(grouping: found) { brute.number($0.process) }
    brute.check(listed.values.allSatisfy { $0.count == 1 }, "at \(time): one is there twice")
    for process in history.processes.indices {
      let sides = moments.map { moment in
        (
          before: moment.before.map { history.sight(process, $0) != nil } ?? false,
          after: moment.after.map { history.sight(process, $0) != nil } ?? false
        )
      }
      let presence = listed[process]?.first?.presence
      let what = "p\(process) at \(time), between \(moments), is \(presence?.rawValue ?? "absent")"
      let isSeen = sides.contains { $0.before || $0.after }
      brute.check(presence == nil || isSeen, "\(what), though no side saw it")
      // A PID belongs to one process at a time, so a certain successor excludes this process.
      let isSucceeded = found.contains { other in
        other.presence == .certain && brute.number(other.process) > process
          && other.process.pid == Int64(history.processes[process].pid)
      }
      brute.check(
        presence != nil || isSucceeded || !sides.contains { $0.before },
        "\(what), though one before saw it")
      let birth = history.processes[process].birth
      let isBetween = sides.allSatisfy { $0.before && $0.after }
      brute.check(!isBetween || sides.isEmpty || presence == .certain, what)
      let startsBefore = zip(sides, moments).allSatisfy { side, moment in
        side.after && (moment.boot.map { $0 > birth + 20_000_000 } ?? false)
      }
      brute.check(!startsBefore || sides.isEmpty || presence != nil, what)
      brute.check(presence != .lastSeen || moments.contains { $0.after == nil }, what)
    }
  }

  @Test(
    "a process is certain only if it ran at every moment at which the clock showed the time",
    arguments: BruteForce.seeds)
  func certainty(seed: UInt64) throws {
    let brute = try BruteForce(seed: seed)
    let history = brute.history
    for time in history.interestingTimes {
      let moments = history.moments(at: time)
      for one in try brute.reader.processes(at: time).processes where one.presence == .certain {
        let process = brute.number(one.process)
        for moment in moments {
          let hadStarted = moment.boot.map { $0 > history.processes[process].birth } ?? false
          let isBefore = moment.before.map { history.sight(process, $0) != nil } ?? false
          let isAfter = moment.after.map { history.sight(process, $0) != nil } ?? false
          brute.check(
            isAfter && (isBefore || hadStarted && moment.before != nil),
            "p\(process) is certain at \(time), which is also \(moment)")
        }
      }
    }
    brute.report()
  }

  private func checkPlaces(
    _ brute: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment], _ one: ProcessAtMoment
  ) {
    let process = brute.number(one.process)
    guard process >= 0 else { return brute.check(false, "at \(time): \(one.process)") }
    for type in NamespaceType.allCases {
      let seen = moments.flatMap { moment in
        [moment.before, moment.after].map { side in
          moment.isGap ? nil : side.flatMap { brute.history.place(process, $0, type.link) }
        }
      }
      let agreed = Set(seen).count == 1 ? seen[0] : nil
      let place = one.places[type]
      let isRight =
        agreed == nil
        ? place?.reason != nil : place?.reason == nil && place?.namespace?.key == agreed
      brute.check(
        isRight, "p\(process) at \(time): \(type) is \(String(describing: place)), not \(seen)")
      let all = sightings(brute, moments, process, type)
      let mayBe = place?.namespace.map { all.contains($0.key) } ?? !all.contains { $0 != nil }
      brute.check(mayBe, "p\(process) at \(time): \(type) is \(String(describing: place))")
    }
  }

  /// Returns the namespaces of a process in the samples around the moments that show the process.
  private func sightings(
    _ brute: BruteForce, _ moments: [BruteForceMoment], _ process: Int, _ type: NamespaceType
  ) -> [BruteForce.Key?] {
    sightings(brute, moments, process, type.link)
  }

  private func sightings(
    _ brute: BruteForce, _ moments: [BruteForceMoment], _ process: Int, _ link: NamespaceLink
  ) -> [BruteForce.Key?] {
    moments.flatMap(\.sides).filter { brute.history.sight(process, $0) != nil }.map {
      brute.history.place(process, $0, link)
    }
  }

  /// For each namespace, counts the processes whose children go into it and that were never in it themselves.
  private func parents(
    _ brute: BruteForce, _ moments: [BruteForceMoment], _ found: [ProcessAtMoment]
  ) -> [BruteForce.Key: Int] {
    var parents: [BruteForce.Key: Int] = [:]
    for one in found {
      let process = brute.number(one.process)
      for type in [NamespaceType.pid, .time] {
        let own = Set(sightings(brute, moments, process, type))
        for key in Set(sightings(brute, moments, process, type.linkForChildren)) {
          if let key, !own.contains(key) { parents[key, default: 0] += 1 }
        }
      }
    }
    return parents
  }

  private func checkCounts(
    _ brute: BruteForce, _ time: WallTime, _ moments: [BruteForceMoment], _ found: [ProcessAtMoment]
  ) throws {
    var sure: [BruteForce.Key: [Int]] = [:]
    var all: [BruteForce.Key: [Int]] = [:]
    for one in found {
      let process = brute.number(one.process)
      for (type, place) in one.places {
        guard let key = place.namespace?.key else { continue }
        for one in [key] + place.others.map(\.key) { all[one, default: []].append(process) }
        // In a gap, and before and after all samples, a namespace counts if the samples on all sides agree on it.
        let isAgreed =
          place.reason == .gap && Set(sightings(brute, moments, process, type)).count == 1
          && sightings(brute, moments, process, type).count == moments.flatMap(\.sides).count
          && [.certain, .lastSeen, .firstSeen].contains(one.presence)
        if place.reason == nil || isAgreed { sure[key, default: []].append(process) }
      }
    }
    let parents = parents(brute, moments, found)
    let listed = Set(all.keys).union(parents.keys)
    let namespaces = try brute.reader.namespaces(at: time).namespaces
    brute.check(
      Set(namespaces.map(\.namespace.key)) == listed && namespaces.count == listed.count,
      "namespaces at \(time): \(namespaces.map(\.namespace.key)), not \(listed)")
    for namespace in namespaces {
      let key = namespace.namespace.key
      let counted = sure[key] ?? []
      let unsure = (all[key]?.count ?? 0) - counted.count
      brute.check(
        namespace.processes == counted.count && namespace.unsure == unsure,
        "\(key) at \(time): \(namespace.processes) and \(namespace.unsure), not \(counted)")
      brute.check(
        namespace.parents + namespace.unsureParents == parents[key] ?? 0,
        "\(key) at \(time): where children of \(parents[key] ?? 0) go")
      let lowest = (counted.isEmpty ? all[key] ?? [] : counted)
        .min { brute.history.processes[$0].pid < brute.history.processes[$1].pid }
      brute.check(
        namespace.lowest?.pid == lowest.map { Int64(brute.history.processes[$0].pid) },
        "\(key) at \(time): the lowest is \(brute.number(namespace.lowest))")
    }
  }
}
