# What buildpacks run on: the run image, and compilers and headers. Nothing of it reaches a dyno.
ARG RUN
FROM $RUN

USER root
# What dynos have: buildpacks that install Debian's packages add only what is missing there.
RUN cp /var/lib/dpkg/status /var/lib/dpkg/status.run \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      autoconf automake bison build-essential git jq libtool patch pkg-config python3-dev python3-venv zip zstd \
      default-libmysqlclient-dev libcurl4-openssl-dev libexpat1-dev libffi-dev libfreetype-dev libgmp-dev libjpeg-dev \
      liblcms2-dev libldap2-dev libpng-dev libpq-dev libreadline-dev libsodium-dev libsqlite3-dev libssl-dev \
      libuv1-dev libwebp-dev libxml2-dev libxslt1-dev libyaml-dev libzstd-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
      /usr/share/doc/* /usr/share/info/* /usr/share/man/* \
 && python3 /usr/share/paas/sbom.py
USER 1000:1000
