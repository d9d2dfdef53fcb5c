# One image for every process of an installation; docker-compose.yml says which command each runs.
# The commands are tested against PostgreSQL and Redis over TCP (tests/backhaul/test_compose.py); that this image builds is
# not verified by the project's own tests, because they run where no Docker engine does.

FROM python:3.11-slim AS build
WORKDIR /app
RUN pip install --no-cache-dir "uv>=0.8"
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project
COPY . .
RUN uv sync --locked --no-dev \
    && BACKHAUL_HOME=/tmp/build STATIC_ROOT=/app/staticfiles .venv/bin/backhaul assets \
    && rm -rf /tmp/build

FROM python:3.11-slim
RUN useradd --system --create-home backhaul && install -d -o backhaul -g backhaul -m 0700 /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH BACKHAUL_HOME=/data STATIC_ROOT=/app/staticfiles
USER backhaul
EXPOSE 8000
CMD ["backhaul", "web"]
