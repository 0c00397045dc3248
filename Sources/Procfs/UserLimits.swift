package import NamespaceModel
internal import SystemPackage

extension ProcRoot {
  /// How many namespaces of a type each user may make: `/proc/sys/user/max_net_namespaces` and its
  /// like (`namespaces(7)`), as the reader's own user namespace has it. Nil where the kernel has no
  /// such limit, or it may not be read.
  package func limit(of type: NamespaceType) -> Int64? {
    guard case .success(let text) = read("sys/user/max_\(type)_namespaces") else { return nil }
    return Int64(String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self))
  }
}
