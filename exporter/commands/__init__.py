"""Commands that need the exporter's rooms; the command line loads them by name, and only when asked."""
