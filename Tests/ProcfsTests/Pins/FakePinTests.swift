// The scanner of pins (what keeps a namespace without a process: a mount, an open file, a socket), reading a fake
// /proc: situations that a live machine does not produce on demand.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

struct FakePinTests {
  private let proc: FakeProc
  private let scanner: PinScanner

  init() throws {
    proc = try FakeProc()
    scanner = PinScanner(root: try ProcRoot(path: proc.path), identity: .fileHandle)
  }

  private func link(_ pid: Int, _ number: String, _ text: String) throws {
    let folder = "\(proc.path)/\(pid)/fd"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/\(number)", withDestinationPath: text)
  }

  private func mount(_ pid: Int, _ inode: UInt64, _ path: String) throws {
    try proc.write("\(pid)/mountinfo", "9 8 0:4 net:[\(inode)] \(path) rw - nsfs nsfs rw\n")
    try? FileManager.default.removeItem(atPath: "\(proc.path)/\(pid)/root")
    try FileManager.default.createSymbolicLink(
      atPath: "\(proc.path)/\(pid)/root", withDestinationPath: "/")
  }

  @Test("open namespace files are reported with their process, descriptor 0 included")
  func descriptors() throws {
    try proc.add(10, comm: Array("a)b\n".utf8), start: 77)
    try link(10, "0", "net:[4026532500]")
    try link(10, "12", "user:[4026532501]")
    for (number, text) in ["1": "/net:[1]", "2": "socket:[5]", "3": "net:[x]", "04": "net:[6]"] {
      try link(10, number, text)
    }
    let scan = try scanner.scan()
    #expect(Set(scan.pins.map(\.namespace.inode)) == [4_026_532_500, 4_026_532_501])
    for pin in scan.pins {
      let number: Int32 = pin.namespace.type == .net ? 0 : 12
      #expect(
        pin.holder
          == .descriptor(pid: 10, startTicks: 77, number: number, comm: Array("a)b\n".utf8)))
      #expect(pin.namespace.kernelID == nil && pin.namespace.inodeGeneration >= 1 << 40)
    }
    #expect(scan.processes == 1 && scan.socketsDenied == 0)
  }

  @Test(
    "without kernel IDs, an inode number keeps its generation while it is pinned, and then gets a new one"
  )
  func generations() throws {
    try proc.add(10)
    try link(10, "3", "net:[4026532500]")
    try proc.add(11)
    try link(11, "4", "net:[4026532500]")
    let first = try scanner.scan().pins.map(\.namespace.inodeGeneration)
    #expect(first.count == 2 && Set(first).count == 1)
    try proc.remove(10)
    #expect(try scanner.scan().pins.map(\.namespace.inodeGeneration) == [first[0]])
    try proc.remove(11)
    #expect(try scanner.scan().pins.isEmpty)
    try proc.add(12)
    try link(12, "3", "net:[4026532500]")
    let last = try scanner.scan().pins.map(\.namespace.inodeGeneration)
    #expect(last.count == 1 && last != [first[0]])
  }

  @Test("an initial namespace is identified by its fixed inode number")
  func initial() throws {
    try proc.add(10)
    try link(10, "3", "user:[4026531837]")
    let pin = try #require(try scanner.scan().pins.first)
    #expect(pin.namespace.isInitial == true && pin.namespace.inodeGeneration == 0)
  }

  @Test("the mounts of a mount namespace are read once, from a process whose root is not changed")
  func mounts() throws {
    try proc.add(10)
    try mount(10, 4_026_532_500, "/jail")
    try FileManager.default.removeItem(atPath: "\(proc.path)/10/root")
    try FileManager.default.createSymbolicLink(
      atPath: "\(proc.path)/10/root", withDestinationPath: "/jail")
    try proc.add(11)
    try mount(11, 4_026_532_501, "/whole")
    try proc.add(12)
    try mount(12, 4_026_532_502, "/not-read")
    try proc.add(13, links: ["mnt": 4_026_532_900])
    try mount(13, 4_026_532_503, #"/other\040place"#)
    let pins = try scanner.scan().pins
    #expect(
      Set(pins.map(\.holder)) == [
        .mount(path: Array("/whole".utf8), in: nil),
        .mount(path: Array("/other place".utf8), in: nil),
      ])
    #expect(Set(pins.map(\.namespace.inode)) == [4_026_532_501, 4_026_532_503])
  }

  @Test(
    "if the mount table of one process cannot be read, that of another in its mount namespace is")
  func otherReader() throws {
    try proc.add(10)
    try mount(10, 4_026_532_500, "/x")
    try FileManager.default.removeItem(atPath: "\(proc.path)/10/mountinfo")
    try proc.add(11)
    try mount(11, 4_026_532_501, "/y")
    let scan = try scanner.scan()
    #expect(scan.pins.map(\.namespace.inode) == [4_026_532_501])
    #expect(scan.unreadMounts == 0)
  }

  @Test("an unreadable process is counted and does not end the scan")
  func unreadable() throws {
    try proc.add(10)
    try proc.write("10/fd", "not a folder")
    try proc.add(11)
    try proc.breakLink(11, "mnt")
    try proc.add(12)
    try link(12, "3", "ipc:[4026532500]")
    let scan = try scanner.scan()
    #expect(scan.denied == 2 && scan.firstDenied == 10 && scan.processes == 3)
    #expect(scan.pins.map(\.namespace.inode) == [4_026_532_500])
  }
}
