"""The program as a person starts it, against the practice workspace."""
