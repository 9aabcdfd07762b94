"""Builds every part, hands each to the engine, and takes everything down again."""
