#!/bin/sh
# Make this clone's environment ready: sh deploy/install/ensure.sh run|dev|model
# Returns at once when it is; otherwise finds a Python and hands over to install.py, which says what it does.
set -eu
cd "$(dirname "$0")/../.."
layer=${1:-run}

if [ -x .venv/bin/python ] && .venv/bin/python deploy/install/install.py --check "$layer" 2>/dev/null; then
    exit 0
fi

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    if [ -n "$python" ] && "$python" -c "$new_enough" 2>/dev/null; then
        exec "$python" deploy/install/install.py "$layer"
    fi
done

echo "Python 3.11 or newer is needed, and none was found as python3 or python3.NN."
echo "  Debian, Ubuntu: apt-get install python3 python3-venv   Fedora: dnf install python3   macOS: brew install python"
echo "  If it is somewhere else, name it: make PYTHON=/path/to/python3 ..."
exit 1
