#!/bin/sh
# Deploys the revision that is checked out to the account of deploy/prod.env; --help says more.
exec "$(dirname "$0")/deploy.sh" prod "${0##*/}" "$@"
