"""Schemas of the chain's database, one file for each change."""
