"""The open lines to devices: one file per protocol. Each raises only the errors of `collectors.base`."""
