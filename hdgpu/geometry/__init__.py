"""Where voxels are: affine, orientation, and the diagnosis of a stack.  Host only, float64, millimetres."""
