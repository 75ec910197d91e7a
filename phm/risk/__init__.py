"""Risk: what a person's record says about what may come, for ordering and planning, never for labelling."""
