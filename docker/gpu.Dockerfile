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

# without CUDA, all of which that is needed comes as wheels: NVRTC, the runtime with its headers, nvJPEG, nvJPEG2000
FROM ubuntu:24.04
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
# a virtual environment, because Ubuntu's own Python 3.12 refuses pip (PEP 668)
RUN python3 -m venv /opt/hdgpu
ENV PATH=/opt/hdgpu/bin:$PATH
COPY --from=build /wheels /wheels
RUN wheel="$(ls /wheels/hdgpu-*.whl)" \
    && pip install --no-cache-dir "${wheel}[cuda13]" \
    && rm -r /wheels \
    && useradd --create-home hdgpu \
    && hdgpu info
# what the driver of the host is asked for
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER hdgpu
WORKDIR /data
ENTRYPOINT ["hdgpu"]
CMD ["doctor"]
