"""Exactness: lanes, commits, applying them, and every way back after a fault."""
