"""Durable memory: intervals and the meters' state in SQL, and the directory they live in.

Implements `exporter.intervals.ledger.Ledger`. May import `exporter.intervals` and what is below it; never a door.
"""
