"""From many frames to one array: a table of the frames, a plan of where each goes, and the engine that runs it."""
