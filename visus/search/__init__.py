"""Strategies that look for good settings; a trial is a function from settings to a score."""
