"""One file for each way of learning power or energy, and the one order of preference among them.

A sensor says what it knows now; it reads no clock, adds nothing up. May import `exporter.usage` and `joulecast`.
"""
