"""Evaluations as one HTML page that needs nothing else: tables, and charts drawn as SVG."""
