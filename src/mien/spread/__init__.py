"""Machines that hold galleries together, over Ray."""
