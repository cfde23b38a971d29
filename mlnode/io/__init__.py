"""The one door of the node: everything that touches the world."""
