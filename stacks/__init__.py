"""Pulumi programs: modules, compositions, environments."""
