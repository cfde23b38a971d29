"""The chain's door to the world: one file for each neighbour."""
