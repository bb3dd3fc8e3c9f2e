"""Recognising faces: arrays in, values out. No files, no settings, no AWS words."""
