"""Examine anybody's training script: run it for a few steps, listen, rebuild its task, and examine that."""
