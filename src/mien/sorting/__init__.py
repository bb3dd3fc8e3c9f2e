"""Says who is in photographs: folders by person, and sidecars that photo programs read."""
