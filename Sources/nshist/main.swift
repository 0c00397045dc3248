import NSHistory
import NamespaceModel
import Procfs
let s = ProcfsSource(root: try ProcRoot())
let w = try HistoryWriter(path: "/tmp/x.db")
try w.beginSession(SessionInfo(bootID: try ProcRoot().bootID(), ticksPerSecond: 100, recorderPID: 1, program: "nshist", interval: 1_000_000_000, identity: s.identity.rawValue, procRoot: "/proc", pidNamespaceInode: nil, hidePID: 0, started: .now()))
for _ in 0..<5 { let x = try s.takeSample(); print(x.counts, try w.write(x, SampleTiming())) }
try w.endSession(.completed)
