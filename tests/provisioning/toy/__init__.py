"""A provider with three kinds of resource whose cloud is a directory, and programs that use it."""
