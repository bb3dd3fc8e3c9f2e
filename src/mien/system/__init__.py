"""Processes, memory and files: what any long-running program needs."""
