HELPER = "imported from the source directory"
