"""Readers: one file for each format of weights that no engine reads, which builds an OpenVINO model of it."""
