"""Core: what was landed, as one trusted picture of people, events and areas, and the features made of it."""
