"""The environments as data: one TOML file each; see `videoctl.model.specification`."""
