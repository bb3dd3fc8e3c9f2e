"""Families of commands that are too many for `cli`."""
