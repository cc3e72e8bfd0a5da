#!/bin/sh
# Deploys the checked-out revision to the account in deploy/dev.env; see --help.
exec "$(dirname "$0")/deploy.sh" dev "${0##*/}" "$@"
