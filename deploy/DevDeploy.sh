#!/bin/sh
# Deploys the revision that is checked out to the account of deploy/dev.env; --help says more.
exec "$(dirname "$0")/deploy.sh" dev "${0##*/}" "$@"
