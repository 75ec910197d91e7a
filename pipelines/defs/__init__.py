"""Assets, checks and schedules, one module per layer."""
