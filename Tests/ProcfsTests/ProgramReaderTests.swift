// Reads the program and the login of processes, in a folder in the form of /proc and in the live /proc.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct ProgramReaderTests {
  private let proc: FakeProc

  init() throws {
    proc = try FakeProc()
    try proc.add(10)
  }

  private func link(_ target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: "\(proc.path)/10/exe", withDestinationPath: target)
  }

  private func read(commandLines: Bool = true) throws -> ProcessDescription? {
    try ProcfsSource(root: try ProcRoot(path: proc.path), readsCommandLines: commandLines)
      .takeSample().appeared.first { $0.facts.pid == 10 }?.description
  }

  @Test(
    "a command line is read as it is, without the NULs at its end",
    arguments: [
      ("sh\0-c\0a b\0", "sh\0-c\0a b"), ("\0", ""), ("title\0\0\0\0", "title"),
      ("no end", "no end"), ("\0-x\0", "\0-x"),
    ])
  func lines(text: String, expected: String) throws {
    try link("/bin/sh")
    try proc.write("10/cmdline", text)
    let program = try #require(try read()?.program)
    #expect(program.commandLine == Array(expected.utf8) && program.truncated.isEmpty)
    #expect(program.executable == Array("/bin/sh".utf8))
  }

  @Test("a command line without any byte is not known: an exec may be about to fill it")
  func emptyLine() throws {
    try link("/bin/sh")
    try proc.write("10/cmdline", "")
    #expect(try read()?.program == Program(executable: Array("/bin/sh".utf8), commandLine: nil))
  }

  @Test("of a long command line the first 512 bytes are read", arguments: [511, 512, 513, 131_072])
  func longLines(count: Int) throws {
    try link("/bin/sh")
    try proc.write("10/cmdline", String(repeating: "a", count: count))
    let program = try #require(try read()?.program)
    #expect(program.commandLine?.count == min(count, 512))
    #expect(program.truncated == (count > 512 ? .commandLine : []))
  }

  @Test("of a long path the first 512 bytes are read")
  func longPath() throws {
    let path = "/" + String(repeating: "d/", count: 1500) + "x"
    try link(path)
    try proc.write("10/cmdline", "x\0")
    let program = try #require(try read()?.program)
    #expect(program.executable == Array(path.utf8.prefix(512)))
    #expect(program.truncated == .executable)
  }

  @Test("any bytes are read")
  func hostile() throws {
    try link("/bin/\u{202E}x (deleted)")
    let bytes: [UInt8] = [0xFF, 0x1B, 0x5B, 0x0A, 0x00, 0xC3, 0x28]
    try proc.write("10/cmdline", bytes)
    #expect(try read()?.program?.commandLine == bytes)
    #expect(try read()?.program?.executable == Array("/bin/\u{202E}x (deleted)".utf8))
  }

  @Test("without permission to read command lines only the executable is read")
  func off() throws {
    try link("/bin/sh")
    try proc.write("10/cmdline", "secret\0")
    #expect(
      try read(commandLines: false)?.program
        == Program(executable: Array("/bin/sh".utf8), commandLine: nil))
  }

  @Test("a process without an executable has no program, whatever its command line is")
  func noExecutable() throws {
    try proc.write("10/cmdline", "x\0")
    #expect(try read()?.program == nil)
  }

  @Test("a kernel thread has no program")
  func kernelThread() throws {
    try proc.add(11, flags: 0x20_0000)
    try proc.write("11/cmdline", "x\0")
    let all = try ProcfsSource(root: try ProcRoot(path: proc.path)).takeSample().appeared
    #expect(all.first { $0.facts.pid == 11 }?.description.program == nil)
  }

  @Test(
    "the login uid is read",
    arguments: [
      ("1000", 1000), ("4294967295", UInt32.max), ("0\n", 0), ("", nil), ("x", nil),
      ("99999999999", nil),
    ] as [(String, UInt32?)])
  func loginUID(text: String, uid: UInt32?) throws {
    try proc.write("10/loginuid", text)
    let login = try #require(try read()?.login)
    #expect(login == Login(uid: uid, session: 1, terminal: 0))
  }

  @Test("a stat line gives the session, the terminal and the address of the arguments")
  func stat() throws {
    func line(_ last: String) -> [UInt8] {
      let rest = "0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 2 3"
      let first = "10 (a b) S 1 10 7 34817 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 99 1 1 1 1 1 1"
      return Array("\(first) \(rest) \(last)\n".utf8)
    }
    let whole = try #require(StatLine(line("140722003847679 5 6 7 0")))
    #expect(whole.session == 7 && whole.terminal == 34817)
    #expect(whole.argumentStart == 140_722_003_847_679)
    #expect(StatLine(line("0 0 0 0 0"))?.argumentStart == nil)
    #expect(StatLine(line("140722003847679 5 6 7"))?.argumentStart == nil)
    let negative = Array("10 (a) S 1 10 -1 -5 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0 0\n".utf8)
    #expect(StatLine(negative)?.session == -1 && StatLine(negative)?.terminal == -5)
  }
}

@Suite(.ownsProcesses)
struct LiveProgramTests {
  private func program(_ source: ProcfsSource, _ pid: Int32) throws -> ProcessDescription? {
    let sample = try source.takeSample()
    return sample.appeared.first { $0.facts.pid == pid }?.description
  }

  @Test(
    "an exec under the same name is noticed, and a process is not read again before that")
  func sameName() throws {
    let source = ProcfsSource(root: try ProcRoot())
    let file = NSTemporaryDirectory() + "nshist-exec-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let script = "while [ ! -e \(file) ]; do sleep 0.05; done; exec /bin/sh -c 'sleep 60; :' second"
    let process = try Command("/bin/sh", ["-c", script, "first"])
    defer { process.signal(SIGKILL) }
    // The first sample after the start may read the process before its exec.
    try eventually("the shell") { try Self.line(process.pid).hasSuffix("first\0") }
    let first = try #require(try source.takeSample().appeared.first { $0.facts.pid == process.pid })
    #expect(first.description.program?.commandLine == Array("/bin/sh\0-c\0\(script)\0first".utf8))
    // A sample reads the description of a new process once more.
    for _ in 0..<2 { _ = try source.takeSample() }
    #expect(
      try !source.takeSample().described.contains { $0.token == first.token })
    try #require(FileManager.default.createFile(atPath: file, contents: nil))
    try eventually("the exec") { try Self.line(process.pid).hasSuffix("second\0") }
    var read: ProcessDescription?
    try eventually("another command line") {
      read = try source.takeSample().described.last { $0.token == first.token }?.description ?? read
      return read?.program?.commandLine == Array("/bin/sh\0-c\0sleep 60; :\0second".utf8)
    }
    #expect(read?.comm == Array("sh".utf8))
  }

  private static func line(_ pid: Int32) throws -> String {
    let url = URL(fileURLWithPath: "/proc/\(pid)/cmdline")
    return String(decoding: try Data(contentsOf: url), as: UTF8.self)
  }

  @Test("a new session and a login are read")
  func login() throws {
    let source = ProcfsSource(root: try ProcRoot())
    // A process that leads its process group would fork: the shell starts setsid(1) in its own group.
    let seconds = "60.\(getpid())"
    let process = try Command(
      "/bin/sh",
      [
        "-c",
        "echo 4242 2>/dev/null >/proc/self/loginuid; /usr/bin/setsid /bin/sleep \(seconds) & wait",
      ])
    defer { process.signal(SIGKILL) }
    var found: Int32?
    try eventually("sleep") {
      found = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        .first { (try? Self.line($0)) == "/bin/sleep\0\(seconds)\0" }
      return found != nil
    }
    let pid = try #require(found)
    defer { kill(pid, SIGKILL) }
    let known = try String(contentsOfFile: "/proc/\(pid)/loginuid", encoding: .utf8)
    let login = try #require(try program(source, pid)?.login)
    #expect(login.session == pid && login.terminal == 0)
    #expect(login.uid == UInt32(known))
  }

  @Test("a process can be read right after its exec by its PID")
  func probe() throws {
    let process = try Command("/bin/sleep", ["300"])
    defer { process.signal(SIGKILL) }
    // The command line is empty for a moment after the exec.
    try eventually("sleep") { try Self.line(process.pid) == "/bin/sleep\0300\0" }
    let root = try ProcRoot()
    let probe = TaskProbe(root: root, identity: .continuity)
    let read = try #require(probe.description(of: process.pid, hasExecuted: true))
    #expect(read.program?.commandLine == Array("/bin/sleep\0300".utf8))
    #expect(read.program?.executable?.isEmpty == false)
    #expect(read.login?.session == getsid(process.pid))
    let plain = probe.description(of: process.pid, hasExecuted: false)
    #expect(plain?.uid == geteuid() && plain?.program == nil && plain?.login == nil)
    let off = TaskProbe(root: root, identity: .continuity, readsCommandLines: false)
    let bare = off.description(of: process.pid, hasExecuted: true)?.program
    #expect(bare?.commandLine == nil && bare?.executable == read.program?.executable)
  }
}
