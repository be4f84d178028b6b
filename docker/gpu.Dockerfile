# hdgpu with CuPy and nvImageCodec.  Build from the root of the repository:
#   docker build -f docker/gpu.Dockerfile -t hdgpu:gpu .
# The driver comes from the host: CUDA 13 asks for R580 or later.

# of the same system as below: the compiled extension needs no newer C library than is there
FROM ubuntu:24.04 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ python3 python3-dev python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
# a virtual environment, because Ubuntu's own Python 3.12 refuses pip (PEP 668)
RUN python3 -m venv /opt/hdgpu
ENV PATH=/opt/hdgpu/bin:$PATH
COPY --from=build /wheels /wheels
# CuPy's own kernels include headers of CUDA, which the base has not, and this package has
RUN wheel="$(ls /wheels/hdgpu-*.whl)" \
    && pip install --no-cache-dir "${wheel}[cuda13]" "nvidia-cuda-runtime==13.0.*" \
    && rm -r /wheels \
    && useradd --create-home hdgpu \
    && hdgpu info
USER hdgpu
WORKDIR /data
ENTRYPOINT ["hdgpu"]
CMD ["doctor"]
