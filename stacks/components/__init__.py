"""Parts that more than one of the 19 modules needs, and the programs."""
