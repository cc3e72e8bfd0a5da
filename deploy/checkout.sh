# shellcheck shell=sh
# Functions of deploy.sh about the checkout that it builds. It has sourced environment.sh before.
: "${scratch:?}"

# Sets `tag` to the checked-out revision, `created` to its date and `version` to its version. Nothing that is not in the
# revision may be in its image.
# shellcheck disable=SC2034 # deploy.sh reads them
read_checkout() {
  tag=$(ask git rev-parse --short=12 HEAD) || die "no git revision to deploy ($(reason)): commit something first"
  # Uncommitted changes would be in the image but not in its name. The environment files are in neither.
  ask git status --porcelain --untracked-files=all -- . ':(exclude)deploy/*.env' >"$scratch/changes" ||
    die "git status failed: $(reason)"
  refuse_keys
  changed=$(sed -n '1s/^...//p' "$scratch/changes")
  [ -z "$changed" ] || die "the tree is dirty: commit or stash $changed and everything else that git status shows"
  created=$(ask git show -s --format=%cI HEAD) || die "git show failed: $(reason)"
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
}

# A key in the tree stops a deployment too, but whoever commits it as told has it in the history.
refuse_keys() {
  while IFS= read -r line; do
    name=${line#???}
    name=${name%\"}
    case ${name##*[/\"]} in
      *.key | *.pem | *.p8 | *.p12 | *.pfx | *.pub | *.crt | *.env | *.tfvars | tfplan* | pardot.json)
        die "$name may hold a secret: never commit it; move it out of the checkout, or add it to .gitignore"
        ;;
    esac
  done <"$scratch/changes"
}
