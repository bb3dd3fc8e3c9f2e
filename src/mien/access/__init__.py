"""Who is calling and what they may do: access keys, signatures, permissions."""
