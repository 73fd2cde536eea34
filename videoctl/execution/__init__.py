"""Carrying a plan out: executor, journal, approval, lock."""
