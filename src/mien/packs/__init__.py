"""Model packs: data and, at most, one head each. The weights have their own licence."""
