"""Measures mien: accuracy with `mien eval`, speed with `mien bench`."""
