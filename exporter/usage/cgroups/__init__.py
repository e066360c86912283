"""Who uses the CPUs: CPU time by workload, read from the kernel's control groups.

What a path means is decided in `identity`, which kernel tree to read in `hierarchy`, which of its groups are charged
in `tree`. May import `exporter.usage` and `joulecast`.
"""
