"""Pure values and decisions: no thread, no clock, no socket, no file. Time is an argument."""
