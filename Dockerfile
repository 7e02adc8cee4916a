# The operator's image. BASE is a base image of yours with Python 3.11 or newer, venv and pip, by tag or, better, by digest:
#   docker build --build-arg BASE=python:3.11-slim-bookworm -t oracle-api-operator:0.1.0 .
# pip takes its index from the secret "pip.conf", if one is given, and leaves nothing of it behind:
#   docker build --secret id=pip.conf,src=$HOME/.config/pip/pip.conf …
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements/operator.txt requirements/dev.txt requirements/
# The environment has no pip of its own; what fills it comes from the locks, hash by hash, the build tool too.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m venv --without-pip /opt/oracle-api-operator \
 && python -m pip --python /opt/oracle-api-operator/bin/python install --require-hashes --no-deps \
      -r requirements/operator.txt \
 && awk '/^[a-zA-Z]/ {keep = /^setuptools==/} keep' requirements/dev.txt > requirements/build.txt \
 && python -m venv --without-pip /tmp/tools \
 && python -m pip --python /tmp/tools/bin/python install --require-hashes --no-deps -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator/ operator/
RUN PYTHONPATH="$(/tmp/tools/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    python -m pip --python /opt/oracle-api-operator/bin/python install --no-deps --no-build-isolation .

FROM ${BASE}
LABEL org.opencontainers.image.title="oracle-api-operator" \
      org.opencontainers.image.description="AWS API Gateway as the front door of an Oracle database behind ORDS" \
      org.opencontainers.image.licenses="Apache-2.0"
# The base's own installer has no work here; one that belongs to a distribution's packages stays with them.
RUN PIP_BREAK_SYSTEM_PACKAGES=1 python -m pip uninstall --yes --quiet setuptools wheel pip
COPY --from=build /opt/oracle-api-operator /opt/oracle-api-operator
COPY LICENSE /licenses/LICENSE
ENV PATH=/opt/oracle-api-operator/bin:$PATH PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "oracleapi"]
