"""Bytes of an image to upright pixels."""
