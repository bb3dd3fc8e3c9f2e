"""Holds what requests share while they are served: budgets, the image cache, and galleries kept current."""
