// Re-exports NamespaceModel, whose types occur in queries and results, to every module that imports
// NSHistory.

@_exported public import NamespaceModel
