"""What sees for a player, from an observation to features, one shape per file: `build(observed, **settings)`."""
