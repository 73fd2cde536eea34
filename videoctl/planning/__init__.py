"""Pure decisions: what is seen and what is asked become a plan, or blockers."""
