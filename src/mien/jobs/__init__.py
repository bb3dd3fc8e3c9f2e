"""Video jobs at work: claims them, has a process of low priority look at each film, and tells who asked for its end."""
