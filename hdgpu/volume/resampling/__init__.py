"""Values on another grid: which places of the source a target's voxels lie at, and what the source is worth there."""
