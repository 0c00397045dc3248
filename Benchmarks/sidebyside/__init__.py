"""The parts of Benchmarks/run, which measures nshist beside the bare system calls and beside its peers."""
