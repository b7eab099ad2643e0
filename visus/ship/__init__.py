"""What leaves the workshop: the saved model, its card, and prediction with it."""
