"""Command groups: parse, call, print. One file a group."""
