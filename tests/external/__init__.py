"""Checks that need more than Python: an editor's language server, a browser, an office."""
