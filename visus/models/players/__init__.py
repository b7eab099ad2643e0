"""What chooses actions, one kind per file."""
