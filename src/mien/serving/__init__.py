"""What requests share: budgets, the image cache, galleries kept current."""
