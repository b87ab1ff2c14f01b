# shellcheck shell=bash disable=SC2034
# Where Ruby comes from. Whoever runs a server without the internet, or builds on another kind of machine, changes this file.

# Debian's packages: what runs, and what gems with extensions are compiled with.
readonly RUBY_PACKAGES=(ruby ruby-dev ruby-bundler rake)
# Any other version: an archive with bin/ and lib/, which runs wherever it lies. RUBY_MIRROR is the part before the file's name.
# Those of Heroku's own buildpack have no checksums beside them: they are trusted for coming over HTTPS.
readonly RUBY_URL=${RUBY_MIRROR:-https://heroku-buildpack-ruby.s3.us-east-1.amazonaws.com/heroku-24/%ARCH%}/ruby-%VERSION%.tgz
