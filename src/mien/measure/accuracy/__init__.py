"""`mien eval`: how well a pack tells a user's own people apart, and which thresholds follow from that."""
