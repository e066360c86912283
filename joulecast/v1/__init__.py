"""Generated stubs of `proto/joulecast/v1`; regenerate with `make stubs`, never edit."""
