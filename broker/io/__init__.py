"""The broker's door to the world: every file faces one neighbour and bears its name."""
