"""Frame decoding: one small file per codec library, and the routing between them."""
