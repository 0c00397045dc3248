"""Measures nshist beside the bare system calls and beside its peers. See Benchmarks/run."""
