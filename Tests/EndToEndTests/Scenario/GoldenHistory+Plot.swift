// What happens in the golden history, and which sample shows it first. So an answer can be checked by hand.
//
//   sample  wall clock  boot   what is new since the sample before
//   ------  ----------  -----  ------------------------------------------------------------------
//        1  22:15:00      0 s  session 1 begins. Host: 1 systemd, 2 kthreadd, 700 containerd-shim,
//                              812 sshd, 5000 bash, 7000 vault, 7200 job; 7100 agent is denied.
//                              Container: 4711 nginx (child of 700) and 4712 nginx, its child.
//        2  22:15:05      5 s  5100 nsenter and 6100 make start on the host, children of 812
//        3  22:15:10     10 s  5000 unshares net (4026532300, id 5001) and uts (id 5002);
//                              7000 is denied;
//                              8000 podman starts, child of 812, in a new user namespace A and mnt;
//                              8001 init, its child, in a user namespace B inside A and a pid
//                              namespace C; 8002 app, child of 8001, in a pid namespace D inside C
//        4  22:15:15     15 s  5100 joins the net of 5000 by setns; 7000 can be read again, and is
//                              where it was; 7200 is a zombie; 6200 sh starts in all the container's
//                              namespaces, though its parent is 700 on the host
//        5  22:15:20     20 s  nothing
//           22:15:20.02        the machine is suspended for most of 30 s
//        6  22:15:50     50 s  nothing
//        7  22:15:55     55 s  5000 goes back into the host's net and uts; 5100 exits: so net id 5001
//                              and uts id 5002 lose their last process; 7200 is reaped; 6100 is now
//                              another process, whose name is `foo)`, a line feed and ` bar`; it
//                              started at 52 s
//        8  22:15:53     60 s  the wall clock is set back by 7 s before it; 6000 dhcp starts, child of
//                              812, in a new net whose inode number is 4026532300 again, id 5201
//        9  22:15:58     65 s  6200 exits; session 1 ends: stopped
//           22:15:58.02        no recorder; meanwhile 6000 exits and, at 90 s, 9000 cron starts
//       10  22:16:58    125 s  session 2 begins; all others are there as before, but 7000 is denied
//       11  22:17:03    130 s  nothing
//       12  22:17:08    135 s  4711 and 4712 exit: the container's six namespaces lose their last
//                              process; 8002 exits, and with it D; 7000 can be read again
//       13  22:17:13    140 s  5000 exits; session 2 ends: completed
//
// Every sample takes 20 ms. A process is in the initial namespaces unless the table says otherwise. "Denied" means
// that the recorder may not read the links of the process.

import NSHistory
import NamespaceModel

extension GoldenHistory {
  static let moments = [
    Moment(boot: 0, wall: 0, startsSession: true), Moment(boot: 5, wall: 5),
    Moment(boot: 10, wall: 10), Moment(boot: 15, wall: 15), Moment(boot: 20, wall: 20),
    Moment(boot: 50, wall: 50, gap: .suspended), Moment(boot: 55, wall: 55),
    Moment(boot: 60, wall: 53), Moment(boot: 65, wall: 58),
    Moment(boot: 125, wall: 118, startsSession: true), Moment(boot: 130, wall: 123),
    Moment(boot: 135, wall: 128), Moment(boot: 140, wall: 133),
  ]

  static let container = String(repeating: "0123456789abcdef", count: 4)
  private static let containerCgroup = "0::/system.slice/docker-\(container).scope"
  private static let podmanCgroup = "0::/user.slice/user-100000.slice/podman.scope"

  private static let inContainer = host(
    besides: [
      made(.mnt, 4_026_532_196, 4101), made(.uts, 4_026_532_197, 4102),
      made(.ipc, 4_026_532_198, 4103), made(.pid, 4_026_532_199, 4104),
      made(.cgroup, 4_026_532_200, 4105), made(.net, 4_026_532_201, 4106),
    ])
  private static let unshared = [made(.net, 4_026_532_300, 5001), made(.uts, 4_026_532_299, 5002)]
  private static let netAgain = made(.net, 4_026_532_300, 5201)
  private static let userA = made(.user, 4_026_532_400, 6001)
  private static let mntOfA = made(.mnt, 4_026_532_401, 6002)
  private static let userB = made(.user, 4_026_532_402, 6003)
  private static let pidC = made(.pid, 4_026_532_403, 6004)
  private static let pidD = made(.pid, 4_026_532_404, 6005)

  static let actors = [
    Actor(
      pid: 1, comm: "systemd", parent: 0, start: -999, entries: [(1...13, host())],
      cgroup: "0::/init.scope"),
    Actor(
      pid: 2, comm: "kthreadd", parent: 0, start: -999, entries: [(1...13, host())], cgroup: "0::/",
      isKernelThread: true),
    Actor(
      pid: 700, comm: "containerd-shim", parent: 1, start: -900, entries: [(1...13, host())],
      cgroup: "0::/system.slice/containerd.service"),
    Actor(pid: 812, comm: "sshd", parent: 1, start: -890, entries: [(1...13, host())]),
    Actor(
      pid: 4711, comm: "nginx", parent: 700, start: -300, entries: [(1...11, inContainer)],
      cgroup: containerCgroup, innerPIDs: [1]),
    Actor(
      pid: 4712, comm: "nginx", parent: 4711, start: -299, entries: [(1...11, inContainer)],
      uid: 100_101, cgroup: containerCgroup, innerPIDs: [2]),
    Actor(
      pid: 5000, comm: "bash", parent: 812, start: -100,
      entries: [(1...2, host()), (3...6, host(besides: unshared)), (7...12, host())]),
    Actor(
      pid: 5100, comm: "nsenter", parent: 812, start: 3,
      entries: [(2...3, host()), (4...6, host(besides: [unshared[0]]))]),
    Actor(pid: 6100, comm: "make", parent: 812, start: 4, entries: [(2...6, host())]),
    Actor(
      pid: 6100, comm: "foo)\n bar", parent: 1, start: 52, entries: [(7...13, host())],
      uid: 100_002, cgroup: "0::/"),
    Actor(
      pid: 6200, comm: "sh", parent: 700, start: 13, entries: [(4...8, inContainer)],
      cgroup: containerCgroup, innerPIDs: [7]),
    Actor(
      pid: 6000, comm: "dhcp", parent: 812, start: 58,
      entries: [(8...9, host(besides: [netAgain]))]),
    Actor(
      pid: 7000, comm: "vault", parent: 1, start: -800,
      entries: [
        (1...2, host()), (3...3, denied), (4...9, host()), (10...11, denied), (12...13, host()),
      ], cgroup: "0::/system.slice/vault.service"),
    Actor(
      pid: 7100, comm: "agent", parent: 1, start: -700, entries: [(1...13, denied)], uid: 100_001,
      cgroup: "0::/system.slice/agent.service"),
    Actor(
      pid: 7200, comm: "job", parent: 812, start: -50, entries: [(1...3, host()), (4...6, zombie)]),
    Actor(
      pid: 8000, comm: "podman", parent: 812, start: 7,
      entries: [(3...13, host(besides: [userA, mntOfA]))], uid: 100_000, cgroup: podmanCgroup),
    Actor(
      pid: 8001, comm: "init", parent: 8000, start: 7.5,
      entries: [(3...13, host(besides: [userB, mntOfA, pidC]))], uid: 100_000,
      cgroup: podmanCgroup, innerPIDs: [1]),
    Actor(
      pid: 8002, comm: "app", parent: 8001, start: 8,
      entries: [(3...11, host(besides: [userB, mntOfA, pidD]))], uid: 100_000,
      cgroup: podmanCgroup, innerPIDs: [2, 1]),
    Actor(
      pid: 9000, comm: "cron", parent: 1, start: 90, entries: [(10...13, host())],
      cgroup: "0::/system.slice/cron.service"),
  ]

  /// The user namespace that owns each namespace, and the parent of each user and pid namespace, as ioctl_nsfs(2)
  /// returns them.
  static let relations: [NamespaceRelations] = {
    let root = initial(.user)
    var all = NamespaceType.allCases.map { type in
      NamespaceRelations(
        namespace: initial(type), owner: type == .user ? nil : root, parent: nil,
        ownerUID: type == .user ? 0 : nil)
    }
    for case .namespace(let namespace) in inContainer.values where namespace.isInitial == false {
      all.append(
        .init(
          namespace: namespace, owner: root,
          parent: namespace.type == .pid ? initial(.pid) : nil, ownerUID: nil))
    }
    for namespace in unshared + [netAgain] {
      all.append(.init(namespace: namespace, owner: root, parent: nil, ownerUID: nil))
    }
    all += [
      .init(namespace: userA, owner: root, parent: root, ownerUID: 100_000),
      .init(namespace: mntOfA, owner: userA, parent: nil, ownerUID: nil),
      .init(namespace: userB, owner: userA, parent: userA, ownerUID: 100_000),
      .init(namespace: pidC, owner: userB, parent: initial(.pid), ownerUID: nil),
      .init(namespace: pidD, owner: userB, parent: pidC, ownerUID: nil),
    ]
    return all
  }()
}
