"""The command line ``hdgpu``: one file per command, dispatched by :mod:`hdgpu.cli.main`."""
