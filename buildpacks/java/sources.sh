# shellcheck shell=bash disable=SC2034
# Where Java comes from. Whoever runs a server without the internet, or builds on another kind of machine, changes this file.

# Debian's packages openjdk-SERIES-jdk-headless and -jre-headless.
readonly JAVA_STACK_SERIES=(21 25)
# Without a word about the version in the app.
readonly JAVA_DEFAULT=21
# Any other series: an archive of a JDK, in a directory of its own, and its SHA-256. Eclipse Temurin's by the API of Adoptium, which
# JAVA_MIRROR stands in for.
readonly JAVA_URL=${JAVA_MIRROR:-https://api.adoptium.net}/v3/binary/latest/%SERIES%/ga/linux/%ARCH%/jdk/hotspot/normal/eclipse
readonly JAVA_CHECKSUM_URL=${JAVA_MIRROR:-https://api.adoptium.net}/v3/checksum/latest/%SERIES%/ga/linux/%ARCH%/jdk/hotspot/normal/eclipse
