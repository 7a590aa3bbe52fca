"""The local server of the web map: thin, typed, loopback by default; the same functions as the command line."""
