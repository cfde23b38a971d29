"""What an answer may look like: GBNF and JSON schemas, and the states of a text that follows them."""
