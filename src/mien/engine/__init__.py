"""What runs a network: pixels in, named arrays out. Knows nothing of faces."""
