"""Inference engines: pixels in, named arrays out. Nothing here knows of faces."""
