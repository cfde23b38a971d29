"""A whole network on one machine: its plan, its processes, and the story that the demo tells."""
