"""Heads: one file for each output layout of a detection network."""
