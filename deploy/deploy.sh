#!/bin/sh
# Builds the image of the checked-out revision, pushes it and deploys it: docs/deploy.md.
# Called by DevDeploy.sh and ProdDeploy.sh.
set -eu

usage='[--image REFERENCE@sha256:... | --rollback] [--check | --no-check] [--unit NAME] [--run] [--dry-run]

  --image REFERENCE@sha256:...
              deploy this published image instead of building the checkout
  --rollback  deploy the image that was deployed before the current one
  --check     run the command check with the new image, and take the deployment back if it fails; ProdDeploy.sh does
              so by itself, except with --rollback
  --no-check  deploy without it
  --unit NAME the business unit of --check and --run, if there are several; else the first enabled one
  --run       start it once, follow its log and exit with its exit code
  --dry-run   check everything, change nothing, and print the commands
'
environment=${1:?the environment, dev or prod}
program=${2:?the name of the script that was typed}
shift 2
misused() {
  printf '%s: %s\nusage: %s %s' "$program" "$1" "$program" "$usage" >&2
  exit 2
}
run=no dry_run=no check='' source='' rollback=no unit=''
while [ $# -gt 0 ]; do
  case $1 in
    --run) run=yes ;;
    --dry-run) dry_run=yes ;;
    --check) check=yes ;;
    --no-check) check=no ;;
    --rollback) rollback=yes ;;
    --image | --unit)
      [ $# -gt 1 ] || misused "$1 needs a value"
      if [ "$1" = --image ]; then source=$2; else unit=$2; fi
      shift
      ;;
    -h | --help)
      printf 'usage: %s %s' "$program" "$usage"
      exit 0
      ;;
    *) misused "unknown option $1" ;;
  esac
  shift
done
[ "$rollback" = no ] || [ -z "$source" ] || misused "--image and --rollback exclude each other"
if [ -z "$check" ]; then
  case $environment-$rollback in prod-no) check=yes ;; *) check=no ;; esac
fi

cd "$(dirname "$0")/.."
. deploy/environment.sh
make_scratch

# Checks everything that can be wrong before it pushes anything.
case $source in
  '') ;;
  *@sha256:*[!0-9a-f]* | *[!A-Za-z0-9_./:@-]*) misused "$source is not an image by its digest" ;;
  ?*@sha256:????????????????????????????????????????????????????????????????) ;;
  *) misused "$source is not an image by its digest: REFERENCE@sha256: and 64 digits" ;;
esac
need node "install Node 20 or later"
need aws "install the AWS command line"
if [ "$rollback" = no ]; then
  need docker "install Docker with its buildx plugin"
  ask docker buildx version >/dev/null || die "docker has no buildx: install Docker's buildx plugin"
fi
read_environment "$environment"
if [ -z "$source" ] && [ "$rollback" = no ]; then
  need git "install it"
  . deploy/checkout.sh
  read_checkout
fi
check_account

registry=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_REGION.amazonaws.com
ask aws ecs describe-task-definition --task-definition "$TASK_FAMILY" --include TAGS --output json >"$scratch/current" ||
  die "no task definition $TASK_FAMILY to base a new revision on ($(reason)): set it up first, docs/deploy-aws.md"
# The platform of the task; the file names it too if Terraform wrote it.
if [ -z "$PLATFORM" ]; then
  if grep -q '"cpuArchitecture": *"ARM64"' "$scratch/current"; then PLATFORM=linux/arm64; else PLATFORM=linux/amd64; fi
fi

# The image that the current task had before this one: that of the newest revision with another image.
find_previous() {
  deployed=$(image_of "$TASK_FAMILY") || die "cannot read the image of $TASK_FAMILY: $(reason)"
  revisions=$(ask aws ecs list-task-definitions --family-prefix "$TASK_FAMILY" --status ACTIVE --sort DESC \
    --no-paginate --query 'taskDefinitionArns[]' --output text) || die "cannot list the revisions of $TASK_FAMILY: $(reason)"
  for revision in $revisions; do
    image=$(image_of "$revision") || die "cannot read the image of $revision: $(reason)"
    # Terraform's first revision, before any deployment, has the tag none.
    case $image in "$deployed" | *:none) ;; *) return 0 ;; esac
  done
  die "$TASK_FAMILY has no earlier revision with another image than $deployed: check out that version and deploy it"
}
image_of() {
  ask aws ecs describe-task-definition --task-definition "$1" --output text \
    --query "taskDefinition.containerDefinitions[?name=='pardot-etl'] | [0].image"
}

if [ "$rollback" = yes ]; then
  find_previous
  tag=${image##*:}
else
  # A digest's first digits name it, as a revision's do.
  [ -z "$source" ] || tag=sha256-$(printf '%s' "${source##*@sha256:}" | cut -c 1-12)
  image=$registry/$ECR_REPOSITORY:$tag
fi
ask node deploy/next-revision.mjs "$image" <"$scratch/current" >"$scratch/next" ||
  die "cannot create a new revision of $TASK_FAMILY: $(reason)"

# Through a pipe, because every user of the machine could read an argument.
log_in() {
  show aws ecr get-login-password '|' docker login --username AWS --password-stdin "$registry"
  [ "$dry_run" = no ] || return 0
  password=$(ask aws ecr get-login-password) || die "no password for $registry: $(reason)"
  printf '%s' "$password" | ask docker login --username AWS --password-stdin "$registry" >/dev/null ||
    die "docker login at $registry failed: $(reason)"
}

# For the task's platform alone, by Docker's own builder: nothing of that platform has to run to build it.
build() {
  set -- --platform "$PLATFORM" --load --build-arg "VERSION=$version" --build-arg "REVISION=$tag" \
    --build-arg "CREATED=$created"
  [ -z "$NODE_IMAGE" ] || set -- "$@" --build-arg "NODE_IMAGE=$NODE_IMAGE"
  # Who needs another authority to reach npm from here needs it in the build.
  [ -z "${NODE_EXTRA_CA_CERTS-}" ] || set -- "$@" --secret "id=ca,src=$NODE_EXTRA_CA_CERTS"
  change docker buildx build "$@" --tag "$image" . || die "build of $image failed; the deployed task is unchanged"
  change docker push "$image" || die "push of $image failed; the deployed task is unchanged"
}

# Copies all platforms of a published image, with its bill of materials and its provenance.
copy_image() {
  change docker buildx imagetools create --tag "$image" "$source" ||
    die "copy of $source to $image failed; the deployed task is unchanged"
}

if [ -n "$source" ]; then
  platforms=$(ask docker buildx imagetools inspect "$source") ||
    die "cannot read $source ($(reason)): check its name, or log in to its registry"
  case $platforms in
    *"$PLATFORM"*) ;;
    # An image for one platform alone has no list.
    *Platform:*) die "$source is not for $PLATFORM, the platform of $TASK_FAMILY" ;;
  esac
fi
if digest=$(ask aws ecr describe-images --repository-name "$ECR_REPOSITORY" --image-ids "imageTag=$tag" \
  --query 'imageDetails[0].imageDigest' --output text); then
  say "$ECR_REPOSITORY:$tag already exists, $digest"
else
  case $(reason) in
    *ImageNotFoundException*) ;;
    *) die "cannot read the repository $ECR_REPOSITORY: $(reason)" ;;
  esac
  [ "$rollback" = no ] || die "$image is no longer in the repository: check out that version and deploy it"
  log_in
  if [ -n "$source" ]; then copy_image; else build; fi
fi

# Several business units share the task; each has its settings in a parameter. A unit that is switched off may not be set
# up yet.
choose_unit() {
  [ -z "$unit" ] || return 0
  units=$(ask aws ssm get-parameters-by-path --path "/$TASK_FAMILY/units" \
    --query "Parameters[?!contains(Value, '\"enabled\":false')].[Name]" --output text) ||
    say "cannot list the business units ($(reason)): the task runs for the one that it has"
  unit=$(printf '%s\n' "$units" | sed -n '1s,.*/,,p')
}

# Runs `check` with the new revision. What ends it, Ctrl-C too, takes the revision back: nothing else would.
check_revision() {
  choose_unit
  set -- --task-definition "$task" ${unit:+--unit "$unit"} check
  show deploy/run-task.sh "$environment" "$@"
  [ "$dry_run" = no ] || return 0
  trap ':' INT TERM HUP
  code=0
  # Its log is no output of a deployment.
  deploy/run-task.sh "$environment" "$@" >&2 || code=$?
  if [ "$code" -eq 0 ]; then
    trap - INT TERM HUP
    return 0
  fi
  change_and_ask aws ecs deregister-task-definition --task-definition "$task" \
    --query taskDefinition.status --output text >/dev/null ||
    die "check ended with $code, and $task could not be taken back ($(reason)): the next run uses it; to take it back:" \
      "aws ecs deregister-task-definition --region $AWS_REGION --task-definition $task"
  die "check ended with $code: $task is taken back, and the task deployed before is in place again"
}

if [ -s "$scratch/next" ]; then
  say "$TASK_FAMILY: new image $image"
  task=$(change_and_ask aws ecs register-task-definition --cli-input-json "file://$scratch/next" \
    --query taskDefinition.taskDefinitionArn --output text) ||
    die "the new revision of $TASK_FAMILY was refused ($(reason)); the image is pushed, the deployed task is unchanged"
  [ "$dry_run" = no ] || task="$TASK_FAMILY:<new revision>"
  [ "$check" = no ] || check_revision
  [ "$dry_run" = yes ] || say "deployed $task"
else
  say "$TASK_FAMILY already uses $image"
fi
if [ -n "$IMAGE_TAG_PARAMETER" ]; then
  # Terraform reads it, so its next revision uses this image too.
  change_and_ask aws ssm put-parameter --name "$IMAGE_TAG_PARAMETER" --value "$tag" --overwrite >/dev/null ||
    die "could not write $IMAGE_TAG_PARAMETER ($(reason)): the image is deployed, but the next terraform apply would go" \
      "back to the one before; run this again"
fi

[ "$run" = yes ] || exit 0
choose_unit
set -- ${unit:+--unit "$unit"}
[ "$dry_run" = no ] || set -- "$@" --dry-run
rm -rf "$scratch"
exec deploy/run-task.sh "$environment" "$@"
