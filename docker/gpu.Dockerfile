# hdgpu with CuPy and nvImageCodec.  Build from the root of the repository:
#   docker build -f docker/gpu.Dockerfile -t hdgpu:gpu .
# The driver comes from the host: CUDA 13 asks for R580 or later.
FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ python3 python3-dev python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/*
# a virtual environment, because Ubuntu's own Python refuses pip (PEP 668)
RUN python3 -m venv /opt/hdgpu
ENV PATH=/opt/hdgpu/bin:$PATH
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir ".[cuda13]" \
    && useradd --create-home hdgpu \
    && hdgpu info
USER hdgpu
WORKDIR /data
ENTRYPOINT ["hdgpu"]
CMD ["--help"]
