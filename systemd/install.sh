#!/bin/sh
# Installs, gathers the packages for, and removes Trunkwatch. Called by `make install`, `make wheelhouse` and
# `make uninstall`, which set the variables; docs/install.md says what each is for.
#
#     /opt/trunkwatch/releases/NAME     one virtual environment per installation, complete or never used
#     /opt/trunkwatch/current           a link to the one in use, changed in one step
#     /opt/trunkwatch/bin               what the unit and the link in /usr/local/bin call
set -eu
umask 022

PROGRAM=/opt/trunkwatch
UNITS=/usr/local/lib/systemd/system
SYSUSERS=/usr/local/lib/sysusers.d
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
root=${DESTDIR:-}
root=${root%/}
constraints=${CONSTRAINTS:-constraints/default.txt}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM HUP
# Root's own settings of Python and pip must not reach into what is installed.
unset PYTHONPATH PYTHONHOME PIP_REQUIRE_VIRTUALENV PIP_USER PIP_TARGET PIP_PREFIX
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1

fail() {
    echo "make: $*" >&2
    exit 2
}


# Our own wheel, from a copy: a build in the checkout would leave root's files there, and take in old ones.
own_wheel() { # own_wheel PIP FOLDER
    mkdir "$scratch/source"
    for each in agent collectors config setup.cfg pyproject.toml README.md; do
        cp -R "$here/$each" "$scratch/source/"
    done
    find "$scratch/source" -name __pycache__ -prune -exec rm -rf {} +
    "$1" wheel --quiet --no-deps --wheel-dir "$2" "$scratch/source"
}

# What is to be had where there is no network: every package of the constraints, for each Python in FOR.
wheelhouse() {
    [ -f "$constraints" ] || fail "there is no file $constraints (CONSTRAINTS=)"
    house=$here/dist/wheelhouse
    "$PYTHON" -m venv "$scratch/pip"
    pip=$scratch/pip/bin/pip
    new=$scratch/wheels
    mkdir "$new"
    machine=$(uname -m)
    for version in $FOR; do
        echo "gathering the packages for Python $version"
        abi=cp$(echo "$version" | tr -d .)
        "$pip" download --quiet --no-deps --requirement "$constraints" --dest "$new" --only-binary :all: \
            --implementation cp --python-version "$version" --abi "$abi" --abi abi3 --abi none \
            --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
            --platform "manylinux2014_$machine" --platform any
    done
    own_wheel "$pip" "$new"
    # The sum of every file: what is installed at the site is what was gathered here.
    (cd "$new" && sha256sum -- *.whl) | awk '{
        split($2, part, "-"); name = part[1] "==" part[2]
        sums[name] = sums[name] " --hash=sha256:" $1
    } END { for (name in sums) print name sums[name] }' | sort >"$new/requirements.txt"
    rm -rf "$house"
    mkdir -p "$(dirname "$house")"
    cp -R "$new" "$house"
    echo "$house: $(find "$house" -name '*.whl' | wc -l) packages for Python $FOR on $machine; made with $constraints"
}

install_release() {
    version=$(sed -n 's/^version = //p' "$here/setup.cfg")
    release=$version-$(date -u +%Y%m%dT%H%M%SZ)-$$
    final=$PROGRAM/releases/$release
    made=$root$final
    mkdir -p "$root$PROGRAM/releases"
    before=$(readlink "$root$PROGRAM/current" || true)
    echo "installing into $final"
    "$PYTHON" -m venv "$made"
    pip=$made/bin/pip
    if [ -n "${WHEELHOUSE:-}" ]; then
        # Bare words, so that a find-links or an index in root's pip settings is not asked.
        "$pip" install --isolated --quiet --no-compile --no-deps --no-index --find-links "$WHEELHOUSE" \
            --require-hashes --requirement "$WHEELHOUSE/requirements.txt"
    else
        "$pip" install --quiet --no-compile --no-deps --only-binary :all: --requirement "$constraints"
        mkdir "$scratch/own"
        own_wheel "$pip" "$scratch/own"
        # By name from the folder: an installation from a path would remember that path. Never from an index.
        "$pip" install --isolated --quiet --no-compile --no-deps --no-index --find-links "$scratch/own" trunkwatch
    fi
    "$pip" check >"$scratch/check" || fail "the packages do not fit together: $(cat "$scratch/check")"
    "$made/bin/python" -m pip uninstall --quiet --quiet --yes pip setuptools # the latter is not always there
    # The service cannot write here, so the bytecode is made now; with the path that it will have.
    "$made/bin/python" -m compileall -q -s "$root" "$made/lib"
    if [ -n "$root" ]; then
        find "$made/bin" "$made/pyvenv.cfg" -type f -exec sed -i "s|$root$final|$final|g" {} +
    else
        "$made/bin/trunkwatch" version >"$scratch/version" || fail "the new installation does not run; the old one stays"
    fi
    sync -f "$made" # complete on the disk before anything points to it
    ln -sfn "releases/$release" "$root$PROGRAM/current.new"
    mv -T "$root$PROGRAM/current.new" "$root$PROGRAM/current"
    ln -sfn current/bin "$root$PROGRAM/bin"
    # The one before stays, to go back to; so does one that a daemon still runs from. Half-made ones go.
    for old in "$root$PROGRAM"/releases/*; do
        name=${old##*/}
        [ "$name" = "$release" ] || [ "releases/$name" = "$before" ] || in_use "$PROGRAM/releases/$name/" \
            || rm -rf "$old"
    done
}

in_use() { # in_use PATH
    [ -z "$root" ] && grep -qsaF -- "$1" /proc/[0-9]*/cmdline
}

install_files() {
    for each in trunkwatch.service trunkwatch-retry.timer trunkwatch-failed.service; do
        install -D -m 0644 "$here/systemd/$each" "$root$UNITS/$each"
    done
    install -D -m 0644 "$here/systemd/trunkwatch.sysusers" "$root$SYSUSERS/trunkwatch.conf"
    install -D -m 0644 "$here/systemd/trunkwatch.logrotate" "$root/etc/logrotate.d/trunkwatch"
    install -d -m 0755 "$root/etc/trunkwatch"
    install -d -m 0700 "$root/etc/trunkwatch/credentials"
    install -m 0644 "$here/config/site.example.yaml" "$root/etc/trunkwatch/site.example.yaml"
    install -d -m 0755 "$root/usr/local/bin"
    ln -sfn "$PROGRAM/bin/trunkwatch" "$root/usr/local/bin/trunkwatch"
}

# systemd's own steps; a staged tree (DESTDIR) is somebody else's machine, and one without systemd has none.
settle() {
    [ -z "$root" ] || return 0
    systemd-sysusers "$SYSUSERS/trunkwatch.conf"
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

do_install() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "installing needs root: sudo make install"
    # The service sees no home directory (ProtectHome=), so a Python that lives in one would not be found.
    case ${root:+staged}$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))') in
    /home/* | /root/*) fail "$PYTHON is in somebody's home, where the service may not look: make install PYTHON=/usr/bin/python3" ;;
    esac
    [ -n "${WHEELHOUSE:-}" ] || [ -f "$constraints" ] || fail "there is no file $constraints (CONSTRAINTS=)"
    [ -z "${WHEELHOUSE:-}" ] || [ -f "$WHEELHOUSE/requirements.txt" ] \
        || fail "there is no wheelhouse in $WHEELHOUSE: \`make wheelhouse\` makes one"
    mkdir -p "$root$PROGRAM"
    exec 9>"$root$PROGRAM/.lock"
    flock 9
    install_release
    install_files
    settle
    if [ -n "$root" ]; then
        echo "staged below $root. There, run: systemd-sysusers && systemctl daemon-reload"
    elif [ -d /run/systemd/system ] && systemctl is-active --quiet trunkwatch.service; then
        echo "installed. The daemon still runs the version before: systemctl restart trunkwatch"
    else
        echo "installed. Next: /etc/trunkwatch/site.yaml (docs/install.md)"
    fi
}

do_uninstall() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "removing needs root: sudo make uninstall"
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl disable --quiet --now trunkwatch.service trunkwatch-retry.timer 2>/dev/null || true
    fi
    for each in trunkwatch.service trunkwatch-retry.timer trunkwatch-failed.service; do
        rm -f "$root$UNITS/$each"
    done
    rm -f "$root$SYSUSERS/trunkwatch.conf" "$root/etc/logrotate.d/trunkwatch" "$root/usr/local/bin/trunkwatch"
    rm -rf "$root$PROGRAM"
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl reset-failed trunkwatch.service trunkwatch-failed.service 2>/dev/null || true
    fi
    echo "removed: the program and its units."
    echo "kept: /etc/trunkwatch (site file, credentials), /var/lib/trunkwatch (journal), /var/log/trunkwatch (logs)"
    echo "      and the user trunkwatch. docs/install.md says how to remove these, too."
}

case ${1:-} in
install) do_install ;;
uninstall) do_uninstall ;;
wheelhouse) wheelhouse ;;
*) fail "install.sh install | uninstall | wheelhouse" ;;
esac
