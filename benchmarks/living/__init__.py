"""How often single pictures are told living or not: photographs of people, renderings of prints and screens, films."""
