# hdgpu on the CPU.  Build from the root of the repository:
#   docker build -f docker/cpu.Dockerfile -t hdgpu:cpu .
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl && rm -r /wheels \
    && useradd --create-home hdgpu \
    && hdgpu info
USER hdgpu
WORKDIR /data
ENTRYPOINT ["hdgpu"]
CMD ["--help"]
