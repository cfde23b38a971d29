"""The daemon of one participant: it keeps nodes doing what they should, and answers requests."""
