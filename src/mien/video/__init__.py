"""Moving pictures: films and cameras decoded to frames, and faces followed from frame to frame."""
