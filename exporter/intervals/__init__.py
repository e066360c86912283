"""Intervals of work and what they cost: readings of the energy curves between two moments.

May import `exporter.metering` and below; storage is behind the `Ledger` port, the wire is above.
"""
