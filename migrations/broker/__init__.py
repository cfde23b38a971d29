"""Schemas of the broker's database, one file for each change."""
