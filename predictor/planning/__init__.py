"""What a planner asks: an operating point, a served rate, a whole range of them; from here or from a service."""
