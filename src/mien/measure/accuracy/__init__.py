"""Measures how well a pack distinguishes a user's own people, and derives thresholds (`mien eval`)."""
