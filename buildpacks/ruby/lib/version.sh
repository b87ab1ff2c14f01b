# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Which Ruby.

check_lock_file() {
  if [[ ! -f Gemfile.lock ]]; then
    fail 'Gemfile.lock required. Please check it in.' 'To make one: bundle lock --add-platform x86_64-linux'
  fi
}

# Sets VERSION: 3.3.8; empty: the stack's.
choose_version() {
  local asked='' origin='' pinned stack
  stack=$(stack_version)
  VERSION=
  pinned=$(sed -nE "s/^[[:space:]]*ruby[[:space:](]+['\"]([0-9]+\.[0-9]+\.[0-9]+)['\"].*/\1/p" Gemfile | head -n 1)
  if grep -qE '^[[:space:]]*ruby[[:space:](]+file:' Gemfile && [[ -f .ruby-version ]]; then
    pinned=$(version_file)
  fi
  if [[ -n $pinned ]]; then
    origin=Gemfile asked=$pinned
  elif asked=$(sed -nE '/^RUBY VERSION$/,/^$/ s/^ +ruby ([0-9][0-9A-Za-z.]*).*/\1/p' Gemfile.lock | sed -E 's/p[0-9]+$//' | head -n 1) &&
    [[ -n $asked ]]; then
    origin=Gemfile.lock
  elif [[ -f .ruby-version ]]; then
    origin=.ruby-version asked=$(version_file)
  fi
  if [[ -z $asked ]]; then
    header "Using Ruby version: ruby-$stack"
    ! names_ruby || return 0
    warning 'You have not declared a Ruby version in your Gemfile.'
    warning "To stay on this series of Ruby, put into it: ruby \"~> ${stack%.*}.0\""
    return
  fi
  if [[ ! $asked =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    fail "Invalid Ruby version in $origin: ${asked:0:100}" "Give one such as $stack."
  fi
  header "Using Ruby version: ruby-$asked"
  if [[ $asked == "$stack" ]] || fetch_archive "$asked"; then
    return
  fi
  if [[ ${asked%.*} != "${stack%.*}" || -n $pinned ]]; then
    no_such_ruby "$asked" "$origin" "$stack"
  fi
  warning "The stack's Ruby is $stack, which is used instead of $asked: it has the same interface."
  if ! names_ruby; then
    # Bundler holds a version in the lock file alone against every other.
    sed -i '/^RUBY VERSION$/,/^$/d' Gemfile.lock
  fi
}

# Whether the Gemfile says anything of the version.
names_ruby() { grep -qE '^[[:space:]]*ruby[[:space:](]+' Gemfile; }

# Of a range, such as "~> 3.2.0". Bundler would refuse it, without a word of what there is.
check_requirement() {
  local requirement
  requirement=$(sed -nE "s/^[[:space:]]*ruby[[:space:](]+(['\"][^#]*['\"]).*/\1/p" Gemfile | sed -E 's/,[[:space:]]*[a-z_]+:.*//; s/,[[:space:]]*:[a-z_]+.*//' | tr -d "'\"" | head -n 1)
  # shellcheck disable=SC2016 # Ruby's own
  if [[ -n $requirement ]] && ! ruby -e 'exit Gem::Requirement.new(ARGV[0].split(",").map(&:strip)).satisfied_by?(Gem::Version.new(RUBY_VERSION))' \
    "$requirement" 2>/dev/null; then
    fail "The Gemfile asks for Ruby ${requirement:0:100}, and the stack has $(stack_version)." \
      'An exact version may be had from elsewhere: ruby "3.4.5". For the stack'"'"'s, and then `bundle update --ruby`:' '' \
      "    ruby \"~> $(stack_version | cut -d . -f 1-2).0\""
  fi
}

version_file() { sed -E 's/#.*//; s/^(ruby-)?//; s/[[:space:]]//g; /^$/d' .ruby-version | head -n 1; }

# Of Debian's package. Looked up as seldom as the packages themselves.
stack_version() {
  local known=$CACHE_DIR/stack-version package
  if [[ ! -s $known || -z $(find "$known" -mtime "-$DEBIAN_DAYS") ]]; then
    debian_update >&2
    package=$(apt_cache depends ruby | sed -nE 's/^ +Depends: (ruby[0-9.]+)$/\1/p' | head -n 1)
    debian_candidate "$package" | sed -E 's/^([0-9.]+).*/\1/' >"$known"
  fi
  cat "$known"
}

# Sets VERSION, and has the archive in the cache.
fetch_archive() {
  local arch url kept=$CACHE_DIR/ruby-$1.tgz
  case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
  url=${RUBY_URL//%VERSION%/$1} url=${url//%ARCH%/$arch}
  if [[ ! -f $kept ]]; then
    rm -f "$CACHE_DIR"/ruby-*.tgz
    # What is asked for over HTTPS is not sent on to anything else.
    curl --silent --show-error --fail --location --proto "=${url%%:*}" --retry 3 --retry-max-time 60 --max-time 300 \
      --output "$CACHE_DIR/fetched" -- "$url" 2>"$CACHE_DIR/fetch.log" || return 1
    rm -f "$CACHE_DIR/fetch.log"
    mv "$CACHE_DIR/fetched" "$kept"
  fi
  VERSION=$1
}

no_such_ruby() {
  local lines=() version=$1 origin=$2 stack=$3
  mapfile -t lines < <(without_credentials "$(<"$CACHE_DIR/fetch.log")" | cut -c -200 | tail -n 2)
  fail "Ruby $version, which $origin asks for, could not be had." "${lines[@]}" '' \
    "Without it there is Ruby $stack, which comes with the stack. In the Gemfile, and then \`bundle update --ruby\`:" '' \
    "    ruby \"~> ${stack%.*}.0\"" '' \
    'Whoever runs this server can set a mirror of Rubies (see docs/buildpacks.md, Mirrors).'
}
