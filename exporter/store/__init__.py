"""Durable memory: intervals and the meters' state in SQL, and the directory they live in.

Implements `exporter.intervals.ledger.Ledger`. May import `exporter.intervals` and the ground floor; never rpc or metrics.
"""
