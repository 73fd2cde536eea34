"""One component a file, each the counterpart of a module of the predecessor."""
