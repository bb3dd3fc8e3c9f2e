"""Serves what any long-running program needs: background work, memory, files and progress."""
