"""One file per model: its features, chosen by cross-validation that keeps models, families and devices apart."""
