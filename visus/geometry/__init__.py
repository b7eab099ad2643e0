"""Where things lie: distances between rows of numbers, and who is nearest to whom."""
