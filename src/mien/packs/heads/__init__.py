"""One file for each output layout of a detection network."""
