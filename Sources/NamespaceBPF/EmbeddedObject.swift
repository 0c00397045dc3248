/// The BPF programs of `Programs`, compiled: the plugin `BPFObjects` adds one member for each program.
enum EmbeddedObject {}
