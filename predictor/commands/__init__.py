"""Commands that need the predictor's rooms; the command line loads them by name, and only when asked."""
