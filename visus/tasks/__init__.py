"""What is to be learned, one problem per file."""
