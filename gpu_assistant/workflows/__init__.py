"""One module for each thing a user comes to do."""
