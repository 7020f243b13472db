"""The words of the field, as plain data. Imports the standard library only."""
