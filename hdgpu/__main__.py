"""``python -m hdgpu``: the command line."""

from hdgpu.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
