# What dynos run on: the bottom layers of every release image of the stack debian-13. The slug is the layer on top.
# Keep it small, and keep to what apps link against or what people want in `paas run bash`.
ARG BASE=debian:trixie-slim
FROM $BASE

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get upgrade -y --no-install-recommends \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      bind9-host ca-certificates curl file gzip iproute2 less nano netcat-openbsd openssl procps python3 tzdata unzip xz-utils \
      libcurl4t64 libexpat1 libffi8 libfreetype6 libgmp10 libicu76 libjpeg62-turbo libldap2 liblcms2-2 libmariadb3 \
      libpng16-16t64 libpq5 libreadline8t64 libsodium23 libsqlite3-0 libuv1t64 libwebp7 libwebpdemux2 libwebpmux3 \
      libxml2 libxslt1.1 libyaml-0-2 libzstd1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
      /usr/share/doc/* /usr/share/info/* /usr/share/man/*

# No account but this one and the system's: dynos and builds run as 1000:1000, never as root.
RUN groupadd --gid 1000 app \
 && useradd --uid 1000 --gid 1000 --home-dir /app --no-create-home --shell /bin/bash app \
 && install --directory --owner 1000 --group 1000 /app

# What is in here, for `paas stacks:packages`. Last, so that it is in the highest layer.
COPY sbom.py /usr/share/paas/sbom.py
RUN python3 /usr/share/paas/sbom.py

ENV LANG=C.UTF-8
USER 1000:1000
WORKDIR /app
