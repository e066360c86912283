"""What hardware can do at most, by name: a packaged catalogue of accelerators, CPUs and boards."""
