"""How far off a model is: its answers beside what was measured."""
