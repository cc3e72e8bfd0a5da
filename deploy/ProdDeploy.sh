#!/bin/sh
# Deploys the checked-out revision to the account in deploy/prod.env; see --help.
exec "$(dirname "$0")/deploy.sh" prod "${0##*/}" "$@"
