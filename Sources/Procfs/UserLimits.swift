package import NamespaceModel
internal import SystemPackage

extension ProcRoot {
  /// Returns the number of namespaces of a type that each user may create:
  /// `/proc/sys/user/max_net_namespaces` and its like (`namespaces(7)`), as set in the reader's own
  /// user namespace. Nil if the kernel has no such limit, or if it may not be read.
  package func limit(of type: NamespaceType) -> Int64? {
    guard case .success(let text) = read("sys/user/max_\(type)_namespaces") else { return nil }
    return Int64(String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self))
  }
}
