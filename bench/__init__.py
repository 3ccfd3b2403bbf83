"""Measures the checker; nothing here is a test."""
