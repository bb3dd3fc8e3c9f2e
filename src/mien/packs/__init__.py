"""Model packs: data plus, at most, one head. Each has weights with a licence of their own."""
