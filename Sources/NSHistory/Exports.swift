// The words that questions and answers are made of: who imports NSHistory has them too.

@_exported public import NamespaceModel
