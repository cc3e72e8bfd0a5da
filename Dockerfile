# The daily job: the command line on a slim Node 24, run by a user without rights, on a root file system that may be
# read-only. docs/deploy.md shows how to build and run it; test/container builds it and runs the result with an engine.

# Another base image: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE

# The base image, for the machine that builds and for the one that runs. Written out twice, because Dependabot reads no
# argument. A digest after the tag pins it: docs/deploy.md, "The base image".
FROM --platform=$BUILDPLATFORM docker.io/library/node:24-trixie-slim AS official-build
FROM docker.io/library/node:24-trixie-slim AS official

# The output of tsc is the same on every platform, so it is built once, on the building platform.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE:-official-build} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The secrets are optional. `ca` is a file of certificates for a network that inspects TLS; `npmrc` names another registry.
RUN --mount=type=secret,id=ca --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi \
    && npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY types types
COPY scripts/build.ts scripts/
COPY src src
RUN node scripts/build.ts && mkdir scratch

# DuckDB is a binary for each platform, and npm installs the one for the target. So nothing of the target platform has
# to run, and no machine emulates another. Docker's amd64 is npm's x64.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE:-official-build} AS dependencies
ARG TARGETARCH
WORKDIR /app
COPY package.json package-lock.json ./
# Source maps and types are a third of what npm installs, and nothing reads them here.
RUN --mount=type=secret,id=ca --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi \
    && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
      --os=linux --libc=glibc --cpu="$(echo "$TARGETARCH" | sed s/amd64/x64/)" \
    && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' \) -exec rm {} +

FROM ${NODE_IMAGE:-official}
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=build /build/dist dist
# Pages that hints name; `help` prints them.
COPY docs docs
# The only path that is written to. On ECS a volume takes its owner from here if it is mounted at exactly this path.
COPY --from=build --chown=65532:65532 /build/scratch /var/pardot-etl
VOLUME ["/var/pardot-etl"]
# The number has no name in /etc/passwd, so what a library keeps in its user's home needs a place too.
ENV PARDOT_ETL_TMPDIR=/var/pardot-etl TMPDIR=/var/pardot-etl HOME=/var/pardot-etl
# A task starts once: compiled code that is kept for the next start would only fill the volume.
ENV NODE_DISABLE_COMPILE_CACHE=1
USER 65532:65532
# No shell and no npm between the engine and the job, so that SIGTERM arrives.
ENTRYPOINT ["node", "/app/dist/bin.js"]
CMD ["run"]

ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="pardot-etl" \
      org.opencontainers.image.description="Extracts Salesforce Account Engagement (Pardot) into files for a warehouse" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
